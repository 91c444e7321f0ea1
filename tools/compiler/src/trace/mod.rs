//! Traces: reading them, and running them again (`docs/TRACES.md`).
//!
//! A trace holds every delivery. The interpreter gets only the inputs from outside and the answers to conditions; it
//! works out the rest itself, and each delivery is compared with its line. Nothing here touches a file: bytes come from
//! a [`Stream`], or as many at a time as the caller likes ([`Block`]), so a trace may have any length.

mod anonymise;
mod beside;
mod differences;
mod input;
mod line;
mod opening;
mod reader;
mod recording;
mod replaced;
mod replay;
mod scan;
mod stream;
mod timeline;
mod usage;

pub use anonymise::Anonymiser;
pub use beside::{Beside, Comparison, Step};
pub use differences::{differences, parts_at_ms};
pub use line::Writer;
pub use opening::{Opening, resume, snapshot};
pub use reader::{Block, Ending, Line, Reader, TraceError};
pub use recording::Recording;
pub use replay::{Blocks, Next, Parting, Replay, Summary, Watch, Why};
pub use stream::Stream;
pub use timeline::{moment, timeline};
pub use usage::Usage;
