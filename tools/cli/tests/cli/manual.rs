//! `automata completions`, `automata man`.

use crate::scratch::Scratch;

#[test]
fn every_shell_gets_completions_of_every_command() {
    let scratch = Scratch::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = scratch.run(&["completions", shell]).good();
        for word in ["simulate", "deny-warnings"] {
            assert!(script.contains(word), "{shell} knows nothing of {word}");
        }
    }
    for shell in ["bash", "zsh"] {
        let script = scratch.run(&["completions", shell]).good();
        assert!(script.contains("A0012"), "{shell} knows no codes");
    }
    scratch.run(&["completions", "cmd"]).bad(2, &["invalid value 'cmd'"]);
}

#[test]
fn the_man_page_is_printed_or_written_for_each_command() {
    let scratch = Scratch::new();
    let page = scratch.run(&["man"]).good();
    assert!(page.contains(".TH automata 1") && page.contains("EXAMPLES") | page.contains("Examples:"), "{page}");
    scratch.run(&["man", "--out", "man1"]).good();
    for page in ["automata.1", "automata-check.1", "automata-simulate.1"] {
        assert!(scratch.read(&format!("man1/{page}")).contains(".TH"), "{page}");
    }
    scratch.write("file", "");
    scratch.run(&["man", "--out", "file"]).bad(2, &["no man pages in file"]);
}
