//! A trace that gets long goes on in further files: each of them replays alone, one follows upon the other, and of a
//! ring the oldest go.

use std::path::PathBuf;

use automata_compiler::trace::Ending;

use super::nodes::{Node, until_both_online};
use super::replays::{numbers, replayed_alone, traces};

/// So many files one run is to fill.
const FILES: usize = 6;

/// Messages until then, at most.
const MESSAGES: usize = 1_000;

/// Files of the smaller ring.
const RING: usize = 3;

/// The smallest that a file may be.
const FILE_SIZE: &str = "\"64KiB\"";
const FILE_BYTES: u64 = 64 * 1024;

#[test]
fn a_trace_goes_on_in_further_files_each_of_which_replays_alone() {
    let mut a = Node::with(&[("traces/file-size", FILE_SIZE)]);
    let mut b = Node::with(&[("traces/file-size", FILE_SIZE), ("traces/files", &RING.to_string())]);
    a.start();
    b.start();
    a.add(&b.idurl(), "b");
    b.add(&a.idurl(), "a");
    until_both_online(&mut a, &mut b);

    let begun = |node: &Node| numbers(node.home()).last().map_or(0, |last| *last as usize + 1);
    let mut of_b = 0;
    let filled = (0..MESSAGES).any(|number| {
        let (there, back) = (a.send("b", &format!("there {number}")), b.send("a", &format!("back {number}")));
        a.until_delivered(&there.id);
        b.until_delivered(&back.id);
        assert!(traces(b.home()).len() <= RING, "the ring has no more files than it may have");
        if begun(&b) > of_b {
            of_b = begun(&b);
            // What is known of messages on their way and of who was read is in the next file's snapshot.
            a.mark_read("b");
        }
        begun(&a) > FILES && begun(&b) > FILES
    });
    assert!(filled, "{MESSAGES} messages fill {FILES} files");
    // Something is under way at the end, too.
    a.send("b", "the last");
    a.stop();
    b.stop();

    assert_eq!(numbers(a.home()).first(), Some(&0), "one that keeps all keeps the first");
    let of_b = numbers(b.home());
    let last = *of_b.last().expect("it has recorded");
    assert!(last as usize >= FILES);
    assert_eq!(of_b, [0, last - 1, last], "the oldest have gone, but the first of the run, and no others");
    assert_one_run(&traces(a.home()), true);
    assert_one_run(&traces(b.home())[1..], false);
}

/// Each file replays alone to its end, and begins where the one before has ended.
fn assert_one_run(files: &[PathBuf], from_the_beginning: bool) {
    let (mut next, mut started_unix_ms) = (from_the_beginning.then_some(0), None);
    for (index, file) in files.iter().enumerate() {
        let name = file.file_name().expect("a file").to_string_lossy();
        let (opening, summary) = replayed_alone(file);
        let first = opening.snapshot.sequence;
        assert_eq!(first, next.unwrap_or(first), "{name} follows upon the one before");
        let started = opening.first.header.started_unix_ms;
        assert_eq!(started, *started_unix_ms.get_or_insert(started), "{name} is of the same run");
        assert_eq!((&summary.parting, &summary.error), (&None, &None), "{name}");
        assert_eq!((summary.ending, summary.is_incomplete), (Some(Ending::Ended), false), "{name}");
        assert!(
            index == 0 && from_the_beginning || opening.snapshot.instances.len() > 10,
            "{name} knows the situation"
        );
        next = Some(first + summary.verified);
        let bytes = file.metadata().expect("it is there").len();
        assert!(index + 1 == files.len() || bytes >= FILE_BYTES, "{name} was full when the next began: {bytes}");
    }
}
