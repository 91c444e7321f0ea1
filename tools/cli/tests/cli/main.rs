//! The real program over temporary folders: every command, its exit codes, what it says, and what it says when things
//! go wrong.

mod check;
mod diff;
mod folder;
mod generate;
mod left_out;
mod list_and_explain;
mod manual;
mod new;
mod render;
mod replay;
mod scratch;
mod sequence;
mod serve;
mod simulate;
mod watch;
