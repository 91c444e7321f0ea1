//! `bitpie backup`, `bitpie restore`.

use std::path::Path;

use super::Context;
use super::failure::Failure;
use super::terminal::{print, print_json, safe};
use crate::api::methods::MakeBackup;

/// `bitpie backup`
pub fn backup(to: &Path, context: &Context<'_>) -> Result<(), Failure> {
    // The node has a working directory of its own.
    let to = std::path::absolute(to)?;
    let Some(text) = to.to_str() else {
        return Err(Failure::here(format!("{} is not UTF-8", to.display()), "choose another place"));
    };
    let done = context.node_or(
        |node| Ok(node.call(&MakeBackup { to: text.to_owned() })?.answer),
        || (context.offline.backup)(&context.home, &to),
    )?;
    if context.json {
        return Ok(print_json(&done)?);
    }
    let size = done.bytes.div_ceil(1024);
    Ok(print(&format!(
        "{} ({size} KiB) holds key, settings, contacts and messages. Anybody who has it can be you: keep it safe.\n",
        safe(&done.path)
    ))?)
}

/// `bitpie restore`
pub fn restore(from: &Path, context: &Context<'_>) -> Result<(), Failure> {
    (context.offline.restore)(from, &context.home)?;
    if context.json {
        return Ok(print_json(&serde_json::json!({ "home": context.home }))?);
    }
    Ok(print(&format!(
        "{} is there again; `bitpie run` goes on with it. Do not go on with the old one beside it.\n",
        context.home.display()
    ))?)
}
