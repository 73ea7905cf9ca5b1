pub trait Shape {
    fn area(&self) -> i64;

    fn label(&self) -> String {
        format!("{} of {}", self.kind(), self.area())
    }

    fn kind(&self) -> String {
        "shape".to_string()
    }
}

pub struct Square {
    pub side: i64,
}

impl Shape for Square {
    fn area(&self) -> i64 {
        self.side * self.side
    }
}

pub fn describe(shape: &dyn Shape) -> String {
    format!("[{}]", shape.label())
}

pub fn largest(shapes: &[Box<dyn Shape>]) -> i64 {
    shapes.iter().map(|s| s.area()).max().unwrap_or(0)
}

pub fn own(side: i64) -> String {
    Square { side }.label()
}
