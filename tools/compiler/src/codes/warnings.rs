//! Warnings: the definition has a meaning, but hardly the one that was meant.

use super::codes;

codes! {
    Warning;
}
