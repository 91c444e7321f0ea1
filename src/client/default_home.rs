//! Where a node lives if nobody says anything else.

/// The folder below the user's own in which a node lives by default.
pub const HOME_FOLDER: &str = ".bitpie";

/// What names another.
pub const HOME_VARIABLE: &str = "BITPIE_HOME";
