//! `bitpie web`: opens the web page.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::Context;
use super::failure::Failure;
use super::terminal::{FAINT, advise, print, print_json, safe, styled};
use crate::api::door_methods::MakeWebLink;

/// The page that leads to the page, below the home folder. What stands in it counts once.
const DOOR: &str = "web.html";

/// Programs that open a page in the user's browser.
const OPENERS: &[&str] = &["xdg-open", "open", "wslview"];

/// `bitpie web`
pub fn web(prints_only: bool, context: &Context<'_>) -> Result<(), Failure> {
    let answered = context.node()?.call(&MakeWebLink {})?;
    if context.json {
        return Ok(print_json(&answered.raw)?);
    }
    let link = safe(&answered.answer.link.0);
    print(&format!("{link}\n"))?;
    let said = if prints_only || !open(&answered.answer.link.0, context) {
        "Open this address in a browser on this machine. It lets one browser in, once."
    } else {
        "Your browser opens it. The address lets one browser in, once."
    };
    advise(&styled(FAINT, format!("{said}\n")));
    Ok(())
}

/// Opens the link in a browser, if one can be found. The link is not given to another program as an argument, which
/// everybody on the machine could read, but stands in a file that leads to it.
fn open(link: &str, context: &Context<'_>) -> bool {
    let Some(door) = write_door(link, context) else { return false };
    OPENERS.iter().any(|opener| {
        let mut command = Command::new(opener);
        command.arg(&door).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|ended| ended.success())
    })
}

fn write_door(link: &str, context: &Context<'_>) -> Option<PathBuf> {
    let path = context.home.join(DOOR);
    let _ = fs::remove_file(&path);
    let page = format!(
        "<!doctype html><meta charset=\"utf-8\"><title>bitpie</title>\
         <meta http-equiv=\"refresh\" content=\"0; url={link}\"><a href=\"{link}\">bitpie</a>\n"
    );
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).ok()?;
    file.write_all(page.as_bytes()).ok()?;
    Some(path)
}
