//! The real program over temporary folders: every command, its exit codes, what it says, and what it says when things go wrong.

mod check;
mod folder;
mod generate;
mod list_and_explain;
mod manual;
mod new;
mod render;
mod scratch;
mod simulate;
mod watch;
