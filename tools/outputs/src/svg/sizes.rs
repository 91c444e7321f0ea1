//! Sizes of texts and distances in pictures.

/// Size of the name of a state, in pixels.
pub const NAME_SIZE: f64 = 13.0;
/// Size of the trigger and guard of a label, in pixels.
pub const LABEL_SIZE: f64 = 12.0;
/// Size of the text inside a state, and of what a transition does, in pixels.
pub const DETAIL_SIZE: f64 = 11.0;
/// Height of the band with the name, in pixels.
pub const NAME_BAND: f64 = 32.0;
/// Between a border and the text inside, in pixels.
pub const INSET: f64 = 12.0;
/// Between the blocks of one label, in pixels.
pub const BLOCK_GAP: f64 = 6.0;
/// Around a label, in pixels.
pub const LABEL_INSET: f64 = 3.0;
