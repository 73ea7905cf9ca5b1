package config

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"

	ferrors "foundation/errors"
)

// Load fills the struct that target points to. Fields may be strings, integers, floats, booleans, []string and structs
// of the same. A field's key is its name in snake_case, or the name in its config tag; a field tagged config:"-" is left
// alone. A field's default is the text of its default tag, else its value in *target unless that is zero; config:",optional"
// makes zero itself the default. A field's env tag names its environment variable; otherwise it is derived: with the
// prefix APP, the field PoolSize of the struct Database is APP_DATABASE__POOL_SIZE.
//
//	var cfg struct {
//		Port     int `default:"8080"`
//		Database struct{ URL string }
//	}
//	err := config.Load(&cfg, config.WithEnvPrefix("APP"), config.WithFiles("app.json"))
//
// On an error, *target is unchanged.
func Load(target any, opts ...Option) error {
	v := reflect.ValueOf(target)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return ferrors.BadParameter("target", fmt.Sprintf("config.Load needs a pointer to a struct, not %T", target))
	}
	schema, err := SchemaOf(target)
	if err != nil {
		return err
	}
	values, err := LoadValues(schema, opts...)
	if err != nil {
		return err
	}
	loaded := reflect.New(v.Elem().Type()).Elem()
	loaded.Set(v.Elem())
	var problems []ferrors.Problem
	assign(loaded, values, "", &problems)
	if len(problems) > 0 {
		return &ferrors.ConfigurationError{Problems: problems}
	}
	v.Elem().Set(loaded)
	return nil
}

// SchemaOf is the schema that Load derives from the struct that target points to.
func SchemaOf(target any) ([]Field, error) { return schemaOf(reflect.ValueOf(target).Elem(), "") }

func schemaOf(v reflect.Value, path string) ([]Field, error) {
	var schema []Field
	for i := range v.NumField() {
		structField := v.Type().Field(i)
		name, optional := keyOf(structField)
		if name == "" {
			continue
		}
		field := Field{Name: name, Env: structField.Tag.Get("env")}
		value := v.Field(i)
		switch kind := value.Kind(); {
		case kind == reflect.String:
			field.Type, field.Default = String, value.String()
		case kind == reflect.Bool:
			field.Type, field.Default = Boolean, value.Bool()
		case value.CanInt():
			field.Type, field.Default = Integer, value.Int()
		case value.CanFloat():
			field.Type, field.Default = Float, value.Float()
		case kind == reflect.Slice && value.Type().Elem().Kind() == reflect.String:
			list := make([]string, value.Len())
			for i := range list {
				list[i] = value.Index(i).String()
			}
			field.Type, field.Default = Strings, list
		case kind == reflect.Struct:
			nested, err := schemaOf(value, join(path, name))
			if err != nil {
				return nil, err
			}
			schema = append(schema, Field{Name: name, Type: Nested, Fields: nested})
			continue
		default:
			return nil, ferrors.BadParameter(join(path, name), fmt.Sprintf("%s has the type %s; a field must be a string, an integer, a float, a bool, a []string or a struct", join(path, name), value.Type()))
		}
		field.HasDefault = optional || !value.IsZero()
		if text, ok := structField.Tag.Lookup("default"); ok {
			field.Default, field.HasDefault = text, true
		}
		schema = append(schema, field)
	}
	return schema, nil
}

// keyOf is the key of a field and whether it is optional; the key is empty for a field that is left alone.
func keyOf(field reflect.StructField) (string, bool) {
	if !field.IsExported() {
		return "", false
	}
	name, options, _ := strings.Cut(field.Tag.Get("config"), ",")
	if name == "-" {
		return "", false
	}
	if name == "" {
		name = snakeCase(field.Name)
	}
	return name, options == "optional"
}

// snakeCase turns PoolSize into pool_size and APIKey into api_key.
func snakeCase(name string) string {
	var out strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 &&
			(!unicode.IsUpper(runes[i-1]) || (i+1 < len(runes) && unicode.IsLower(runes[i+1]))) {
			out.WriteByte('_')
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}

func assign(v reflect.Value, values Values, path string, problems *[]ferrors.Problem) {
	for i := range v.NumField() {
		name, _ := keyOf(v.Type().Field(i))
		if name == "" {
			continue
		}
		target, key := v.Field(i), join(path, name)
		switch value := values[name].(type) {
		case string:
			target.SetString(value)
		case bool:
			target.SetBool(value)
		case int64:
			if target.OverflowInt(value) {
				*problems = append(*problems, ferrors.Problem{Kind: "invalid_value", Key: key, Source: "default",
					Message: fmt.Sprintf("%s is too large for %s", key, target.Type())})
				continue
			}
			target.SetInt(value)
		case float64:
			target.SetFloat(value)
		case []string:
			list := reflect.MakeSlice(target.Type(), len(value), len(value))
			for i, item := range value {
				list.Index(i).SetString(item)
			}
			target.Set(list)
		case Values:
			assign(target, value, key, problems)
		}
	}
}
