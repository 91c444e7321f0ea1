//! How often contacts were there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calendar::Month;
use crate::identity::NodeId;
use crate::nickname::Nickname;

/// `peers.ratings`: how often each contact was there while this node was. Counted in minutes, in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ratings {
    /// The month now.
    pub month: Month,
    /// Whether contacts are counted now.
    pub counting: bool,
    /// Why they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What the user can do about it; nothing where it begins by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Those that the user talks with, by name.
    pub contacts: Vec<ContactRatings>,
}

/// A contact in [`Ratings`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContactRatings {
    /// Who.
    pub id: NodeId,
    /// The user's name for them.
    pub name: Option<Nickname>,
    /// Since when they are counted; `null` if they have not been yet.
    pub since_unix_ms: Option<u64>,
    /// The months in which they were counted, the oldest first: at most 24, or the one that was asked for.
    pub months: Vec<RatedMonth>,
    /// All older months.
    pub before: Option<RatedDay>,
    /// All months, whichever was asked for.
    pub total: RatedDay,
}

/// A month in [`ContactRatings`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RatedMonth {
    /// Which.
    pub month: Month,
    /// What was counted in it.
    #[serde(flatten)]
    pub day: RatedDay,
}

/// What was counted, as a whole and for each hour of the day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RatedDay {
    /// Minutes in which this node was there, and looked.
    pub counted: u64,
    /// Minutes of these in which the contact was there too.
    pub here: u64,
    /// From 0 to 23 o'clock, UTC.
    pub hours: [RatedHour; 24],
}

/// An hour of the day in [`RatedDay`], over all days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RatedHour {
    /// Minutes in which this node was there, and looked.
    pub counted: u64,
    /// Minutes of these in which the contact was there too.
    pub here: u64,
}

impl From<[RatedHour; 24]> for RatedDay {
    fn from(hours: [RatedHour; 24]) -> Self {
        let sum = |minutes: fn(&RatedHour) -> u64| hours.iter().map(minutes).fold(0, u64::saturating_add);
        Self { counted: sum(|hour| hour.counted), here: sum(|hour| hour.here), hours }
    }
}
