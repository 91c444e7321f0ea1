//! Points, rectangles, and whether they meet.

/// A point; x to the right, y downwards, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Downwards.
    pub y: f64,
}

/// A rectangle, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rectangle {
    /// Left side.
    pub x: f64,
    /// Upper side.
    pub y: f64,
    /// To the right side.
    pub width: f64,
    /// To the lower side.
    pub height: f64,
}

impl Rectangle {
    /// Right side.
    #[must_use]
    pub fn right(&self) -> f64 {
        self.x + self.width
    }

    /// Lower side.
    #[must_use]
    pub fn bottom(&self) -> f64 {
        self.y + self.height
    }

    /// The same, larger by `by` on each side; smaller if that is negative.
    #[must_use]
    pub fn grown(&self, by: f64) -> Rectangle {
        Rectangle { x: self.x - by, y: self.y - by, width: self.width + 2.0 * by, height: self.height + 2.0 * by }
    }

    /// Whether they share more than a side.
    #[must_use]
    pub fn overlaps(&self, other: &Rectangle) -> bool {
        self.x < other.right() && other.x < self.right() && self.y < other.bottom() && other.y < self.bottom()
    }

    /// Whether `other` lies within.
    #[must_use]
    pub fn contains(&self, other: &Rectangle) -> bool {
        self.x <= other.x && self.y <= other.y && other.right() <= self.right() && other.bottom() <= self.bottom()
    }

    /// Whether a level or upright line runs through the inside.
    #[must_use]
    pub fn is_crossed_by(&self, (from, to): (Point, Point)) -> bool {
        let (left, right) = (from.x.min(to.x), from.x.max(to.x));
        let (top, bottom) = (from.y.min(to.y), from.y.max(to.y));
        left < self.right()
            && self.x < right.max(left + f64::EPSILON)
            && top < self.bottom()
            && self.y < bottom.max(top + f64::EPSILON)
    }
}

/// The straight parts of a line.
pub fn segments(points: &[Point]) -> impl Iterator<Item = (Point, Point)> + Clone + '_ {
    points.windows(2).map(|pair| (pair[0], pair[1]))
}

/// Whether a straight part goes up or down. Otherwise it is level.
#[must_use]
pub fn is_upright((a, b): (Point, Point)) -> bool {
    (a.x - b.x).abs() < 0.5
}

/// Whether two straight parts, each level or upright, cross (to touch at an end is not to cross).
#[must_use]
pub fn cross((a, b): (Point, Point), (c, d): (Point, Point)) -> bool {
    match (is_upright((a, b)), is_upright((c, d))) {
        (true, false) => crosses_level(a, b, c, d),
        (false, true) => crosses_level(c, d, a, b),
        _ => false,
    }
}

fn crosses_level(top: Point, bottom: Point, left: Point, right: Point) -> bool {
    let within = |value: f64, a: f64, b: f64| a.min(b) + 0.5 < value && value < a.max(b) - 0.5;
    within(top.x, left.x, right.x) && within(left.y, top.y, bottom.y)
}

/// Whether two straight parts overlap by more than a pixel.
#[must_use]
pub fn coincide((a, b): (Point, Point), (c, d): (Point, Point)) -> bool {
    let shared = |a: f64, b: f64, c: f64, d: f64| a.max(b).min(c.max(d)) - a.min(b).max(c.min(d)) > 1.0;
    let upright = [a.x - b.x, c.x - d.x, a.x - c.x].iter().all(|difference| difference.abs() < 1.0);
    let level = [a.y - b.y, c.y - d.y, a.y - c.y].iter().all(|difference| difference.abs() < 1.0);
    (upright && shared(a.y, b.y, c.y, d.y)) || (level && shared(a.x, b.x, c.x, d.x))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(x1: f64, y1: f64, x2: f64, y2: f64) -> (Point, Point) {
        (Point { x: x1, y: y1 }, Point { x: x2, y: y2 })
    }

    #[test]
    fn lines_and_rectangles_meet_or_not() {
        let rectangle = Rectangle { x: 10.0, y: 10.0, width: 20.0, height: 10.0 };
        assert!(rectangle.is_crossed_by(line(15.0, 0.0, 15.0, 40.0)));
        assert!(rectangle.is_crossed_by(line(0.0, 15.0, 40.0, 15.0)));
        assert!(!rectangle.is_crossed_by(line(30.0, 0.0, 30.0, 40.0)), "along a side is not through");
        assert!(!rectangle.is_crossed_by(line(0.0, 25.0, 40.0, 25.0)));
        assert!(rectangle.overlaps(&Rectangle { x: 29.0, y: 19.0, width: 5.0, height: 5.0 }));
        assert!(!rectangle.overlaps(&Rectangle { x: 30.0, y: 10.0, width: 5.0, height: 5.0 }));
    }

    #[test]
    fn straight_parts_cross_or_coincide() {
        assert!(cross(line(5.0, 0.0, 5.0, 10.0), line(0.0, 5.0, 10.0, 5.0)));
        assert!(!cross(line(5.0, 0.0, 5.0, 5.0), line(0.0, 5.0, 10.0, 5.0)), "touching is not crossing");
        assert!(coincide(line(5.0, 0.0, 5.0, 10.0), line(5.0, 4.0, 5.0, 20.0)));
        assert!(!coincide(line(5.0, 0.0, 5.0, 10.0), line(5.0, 10.0, 5.0, 20.0)));
    }
}
