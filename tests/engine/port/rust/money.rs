//! Amounts of money.

use std::fmt;
use std::ops::{Add, AddAssign, Mul};

/// Cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Money(i64);

impl Add for Money {
    type Output = Money;

    fn add(self, other: Money) -> Self::Output {
        Money(self.0 + other.0)
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Mul<u32> for Money {
    type Output = Money;

    fn mul(self, n: u32) -> Money {
        Money(self.0 * i64::from(n))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// A point.
#[derive(Debug, Clone, PartialEq)]
pub struct Point(pub i32, pub i32);

impl Point {
    pub fn swapped(&self) -> Point {
        let Point(x, y) = self;
        Point(*y, *x)
    }

    pub fn quadrant(&self) -> &'static str {
        match self {
            Point(0, _) | Point(_, 0) => "axis",
            Point(x, y) if *x > 0 && *y > 0 => "first",
            _ => "other",
        }
    }
}

/// Something with an area.
pub trait Shape {
    fn area(&self) -> i64;

    fn label(&self) -> String {
        format!("{} of {}", self.kind(), self.area())
    }

    fn kind(&self) -> String {
        "shape".to_string()
    }
}

#[derive(Debug, Clone)]
pub struct Square {
    pub side: i64,
}

#[derive(Debug, Clone)]
pub struct Strip {
    pub length: i64,
}

impl Shape for Square {
    fn area(&self) -> i64 {
        self.side * self.side
    }

    fn kind(&self) -> String {
        "square".into()
    }
}

impl Shape for Strip {
    fn area(&self) -> i64 {
        self.length
    }
}

pub fn labels(side: i64) -> Vec<String> {
    vec![Square { side }.label(), Strip { length: side }.label()]
}

pub fn total(prices: &[i64], quantity: u32) -> String {
    let mut sum = Money::default();
    let first = sum;
    for p in prices {
        sum += Money(*p) * quantity;
    }
    let all = prices.iter().copied().map(Money).fold(Money(0), |a, b| a + b);
    format!("{sum} {all} {first} {}", sum == all)
}

pub fn turn(p: &Point) -> (i32, i32, String) {
    let q = p.swapped();
    (q.0, q.1, q.quadrant().to_string())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Gram,
    Kilo,
}

#[derive(Debug, PartialEq)]
pub enum UnitError {
    Unknown(String),
}

impl TryFrom<&str> for Unit {
    type Error = UnitError;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        match text {
            "g" => Ok(Unit::Gram),
            "kg" => Ok(Unit::Kilo),
            other => Err(UnitError::Unknown(other.to_string())),
        }
    }
}

pub fn weight(n: u32, unit: &str) -> Result<u32, UnitError> {
    let unit = Unit::try_from(unit)?;
    Ok(match unit {
        Unit::Gram => n,
        Unit::Kilo => n * 1000,
    })
}
