//! Traces: reading them, and running them again (`docs/TRACES.md`).
//!
//! A trace holds deliveries. The interpreter gets only the inputs from outside and the answers to conditions; it works
//! out the rest itself, and each delivery is compared with its line. Where a line says that some were left out, it takes
//! over what came of them. Nothing here touches a file: bytes come from a [`Stream`], or as many at a time as the caller
//! likes ([`Block`]), so a trace may have any length.

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

pub use automata_runtime::trace::LeftOut;

pub use anonymise::Anonymiser;
pub use beside::{Beside, Comparison, Step};
pub use differences::{differences, parts_at_ms};
pub use line::Writer;
pub use opening::{Opening, resume, snapshot};
pub use reader::{Block, Ending, Line, Reader, TraceError};
pub use recording::Recording;
pub use replay::{Blocks, Next, Parting, Replay, Summary, Watch, Why};
pub use stream::Stream;
pub use timeline::{left_out_text, moment, timeline, timeline_left_out};
pub use usage::Usage;
