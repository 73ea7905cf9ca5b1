//! Tells a schema from a type that serde can read: a deserializer that answers every question with a plain value and notes
//! what was asked.

use serde::de::value::{Error as Unreadable, StrDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, Visitor};

use super::{Field, Type, join};
use crate::errors::Error;

/// The schema of `T`. A field that serde can do without (an `Option`, `#[serde(default)]`) is optional.
pub(super) fn schema_of<T: DeserializeOwned>() -> Result<Vec<Field>, Error> {
    let read = |omitted: Option<&str>| {
        let mut root = Field::new("", Type::Nested);
        T::deserialize(Probe { field: &mut root, path: "", omitted }).map(|_| root.fields)
    };
    let mut schema = read(None).map_err(|error| {
        let message = format!("no schema can be told from the structure: {error}; declare it with ConfigLoader::field");
        Error::bad_parameter("target", message)
    })?;
    mark_optional(&mut schema, "", &|path| read(Some(path)).is_ok());
    Ok(schema)
}

fn mark_optional(schema: &mut [Field], path: &str, can_do_without: &dyn Fn(&str) -> bool) {
    for field in schema {
        let key = join(path, &field.name);
        field.optional = can_do_without(&key);
        mark_optional(&mut field.fields, &key, can_do_without);
    }
}

struct Probe<'p> {
    field: &'p mut Field,
    path: &'p str,
    /// The path of the field that is left out.
    omitted: Option<&'p str>,
}

macro_rules! answer {
    ($($method:ident $kind:ident $visit:ident $value:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
            self.field.kind = Type::$kind;
            visitor.$visit($value)
        }
    )*};
}

macro_rules! refuse {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Unreadable> {
            Err(Unreadable::custom(format!("{} is none of the types of a configuration", self.path)))
        }
    )*};
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Unreadable;

    answer! {
        deserialize_bool Boolean visit_bool false;
        deserialize_i8 Integer visit_i64 0;
        deserialize_i16 Integer visit_i64 0;
        deserialize_i32 Integer visit_i64 0;
        deserialize_i64 Integer visit_i64 0;
        deserialize_u8 Integer visit_u64 0;
        deserialize_u16 Integer visit_u64 0;
        deserialize_u32 Integer visit_u64 0;
        deserialize_u64 Integer visit_u64 0;
        deserialize_f32 Float visit_f64 0.0;
        deserialize_f64 Float visit_f64 0.0;
        deserialize_str String visit_str "";
        deserialize_string String visit_str "";
        deserialize_char String visit_char 'x';
        deserialize_seq Strings visit_seq serde::de::value::SeqDeserializer::new(std::iter::empty::<&str>());
    }

    refuse! {
        deserialize_any deserialize_bytes deserialize_byte_buf deserialize_unit deserialize_map deserialize_identifier
        deserialize_ignored_any
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_some(self)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Unreadable> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Unreadable> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.field.kind = Type::Nested;
        visitor.visit_map(Members { probe: self, names: names.iter(), current: "" })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.field.kind = Type::String;
        let first: StrDeserializer<'_, Unreadable> = variants.first().copied().unwrap_or_default().into_deserializer();
        visitor.visit_enum(first)
    }
}

struct Members<'p> {
    probe: Probe<'p>,
    names: std::slice::Iter<'static, &'static str>,
    current: &'static str,
}

impl<'de> MapAccess<'de> for Members<'_> {
    type Error = Unreadable;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unreadable> {
        for name in self.names.by_ref() {
            if self.probe.omitted != Some(&join(self.probe.path, name)) {
                self.current = name;
                let name: StrDeserializer<'_, Unreadable> = name.into_deserializer();
                return seed.deserialize(name).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Unreadable> {
        let mut field = Field::new(self.current, Type::String);
        let path = join(self.probe.path, self.current);
        let value = seed.deserialize(Probe { field: &mut field, path: &path, omitted: self.probe.omitted })?;
        self.probe.field.fields.push(field);
        Ok(value)
    }
}
