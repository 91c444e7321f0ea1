//! `automata serve`, over real connections: the program runs, files are saved meanwhile, and strangers knock.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::scratch::{DOOR, Scratch};

/// Far longer than it takes; a test that waits so long has failed.
const DEADLINE: Duration = Duration::from_secs(60);

/// The program at work.
struct Server {
    child: Child,
    port: u16,
}

/// An answer.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    fn json(&self) -> Json {
        assert_eq!(self.status, 200, "{}", self.text());
        serde_json::from_slice(&self.body).expect("JSON")
    }

    fn has(&self, header: &str) -> bool {
        self.head.to_lowercase().contains(&header.to_lowercase())
    }
}

impl Server {
    fn new(scratch: &Scratch, arguments: &[&str]) -> Self {
        let arguments: Vec<&str> = ["serve", "--port", "0"].iter().chain(arguments).copied().collect();
        let mut command = scratch.command(&arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().expect("it is a pipe")).read_line(&mut line).expect("it says its link");
        let port = line.split("http://127.0.0.1:").nth(1).and_then(|rest| rest.split('/').next());
        let port = port.and_then(|port| port.parse().ok()).unwrap_or_else(|| panic!("there is no link in `{line}`"));
        Self { child, port }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a time-out that is not 0");
        stream
    }

    fn host(&self) -> String {
        format!("Host: 127.0.0.1:{}", self.port)
    }

    /// A request with these headers, and nothing else.
    fn ask(&self, line: &str, headers: &[&str], body: &str) -> Answer {
        let mut stream = self.connect();
        let mut text = format!("{line} HTTP/1.1\r\nConnection: close\r\n");
        for header in headers {
            text.push_str(&format!("{header}\r\n"));
        }
        if !body.is_empty() {
            text.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        text.push_str("\r\n");
        stream.write_all(text.as_bytes()).expect("it reads");
        // It may refuse before it has read all.
        let _ = stream.write_all(body.as_bytes());
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer has a head") + 4;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Answer { status, body: bytes[end..].to_vec(), head }
    }

    fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path}"), &[&self.host()], "")
    }

    fn simulate(&self, script: &str) -> Json {
        self.ask("POST /simulate", &[&self.host()], script).json()
    }

    /// Hears of changes.
    fn events(&self) -> BufReader<TcpStream> {
        let mut stream = self.connect();
        let request = format!("GET /events HTTP/1.1\r\n{}\r\n\r\n", self.host());
        stream.write_all(request.as_bytes()).expect("it reads");
        BufReader::new(stream)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The next version that is told of.
fn version(events: &mut BufReader<TcpStream>) -> String {
    loop {
        let mut line = String::new();
        assert!(events.read_line(&mut line).expect("a change is told in time") > 0, "the server has gone");
        if let Some(version) = line.trim().strip_prefix("data: ") {
            return version.to_owned();
        }
    }
}

fn automaton<'a>(definitions: &'a Json, name: &str) -> &'a Json {
    let automata = definitions["automata"].as_array().expect("a list");
    automata.iter().find(|automaton| automaton["name"] == name).unwrap_or_else(|| panic!("there is no {name}"))
}

#[test]
fn the_page_and_its_files_come_with_a_strict_policy() {
    let scratch = Scratch::with_doors();
    let server = Server::new(&scratch, &[]);
    let page = server.get("/");
    assert_eq!(page.status, 200);
    assert!(page.has("content-type: text/html") && page.text().contains("id=\"room\""), "{}", page.head);
    for header in [
        "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self' ws:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
    ] {
        assert!(page.has(header), "{header} is not in {}", page.head);
    }
    let linked = page.text();
    let files: Vec<&str> = linked.split("\"/assets/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(files.len() >= 4, "{linked}");
    for file in files {
        assert_eq!(server.get(&format!("/assets/{file}")).status, 200, "{file}");
    }
    let script = server.get("/assets/room.js");
    assert!(script.has("content-type: text/javascript") && script.has("content-security-policy"), "{}", script.head);
    for nowhere in ["/assets/nothing.js", "/assets/../Cargo.toml", "/assets/%2e%2e%2fCargo.toml", "/nothing"] {
        assert_eq!(server.get(nowhere).status, 404, "{nowhere}");
    }
}

#[test]
fn pages_from_elsewhere_and_other_names_are_refused() {
    let scratch = Scratch::with_doors();
    let server = Server::new(&scratch, &[]);
    let host = server.host();
    let own = format!("Origin: http://127.0.0.1:{}", server.port);
    assert_eq!(server.ask("GET /definitions", &[&host, &own, "Sec-Fetch-Site: same-origin"], "").status, 200);
    for path in ["GET /", "GET /definitions", "GET /events", "GET /assets/room.js", "POST /simulate", "GET /nothing"] {
        for headers in [
            &[&*format!("Host: evil.example:{}", server.port)][..],
            &[&*format!("Host: 127.0.0.1.evil.example:{}", server.port)],
            &["Host: 127.0.0.1"],
            &[&*host, "Origin: http://evil.example"],
            &[&*host, "Origin: null"],
            &[&*host, "Sec-Fetch-Site: cross-site"],
            &[&*host, "Sec-Fetch-Site: same-site"],
        ] {
            let answer = server.ask(path, headers, "");
            assert_eq!(answer.status, 403, "{path} {headers:?}");
            assert!(!answer.text().contains("door"), "nothing is told");
        }
    }
}

#[test]
fn an_edit_is_pushed_and_an_error_is_shown_at_its_line() {
    let scratch = Scratch::with_doors();
    let server = Server::new(&scratch, &[]);
    let mut events = server.events();
    let first = version(&mut events);
    let before = server.get("/definitions").json();
    assert!(before["findings"].as_array().expect("a list").is_empty(), "{}", before["findings"]);
    let picture = automaton(&before, "door")["picture"].as_str().expect("a picture").to_owned();
    assert!(picture.contains("id=\"door-state-CLOSED\"") && !picture.contains("<style>"));

    scratch.write("automata/door.yaml", &DOOR.replace("CLOSED", "SHUT"));
    let second = version(&mut events);
    assert_ne!(first, second);
    let after = server.get("/definitions").json();
    assert!(automaton(&after, "door")["picture"].as_str().expect("a picture").contains("id=\"door-state-SHUT\""));

    scratch.write("automata/door.yaml", &DOOR.replace("remove: GONE", "remove: GON"));
    version(&mut events);
    let broken = server.get("/definitions").json();
    let finding = &broken["findings"][0];
    let line = DOOR.lines().position(|line| line.contains("remove: GONE")).expect("it is there") + 1;
    assert_eq!((&finding["line"], &finding["severity"]), (&Json::from(line), &Json::from("error")), "{finding}");
    assert!(finding["text"].as_str().expect("a text").contains("on: { remove: GON }"), "{finding}");
    // The bell names the door, and cannot be checked without it.
    assert_eq!(broken["old"], serde_json::json!(["bell", "door"]));
    let kept = automaton(&broken, "door")["picture"].as_str().expect("a picture");
    assert!(kept.contains("id=\"door-state-SHUT\""), "the last good picture stays");
    assert!(automaton(&broken, "bell")["picture"].is_string(), "and that of the bell");

    scratch.write("automata/door.yaml", DOOR);
    version(&mut events);
    let fixed = server.get("/definitions").json();
    assert_eq!((&fixed["old"], &automaton(&fixed, "door")["picture"]), (&serde_json::json!([]), &Json::from(picture)));
}

#[test]
fn a_broken_file_does_not_keep_the_server_from_starting() {
    let scratch = Scratch::with_doors();
    scratch.write("automata/door.yaml", "automaton: [\n");
    let server = Server::new(&scratch, &[]);
    let definitions = server.get("/definitions").json();
    assert!(definitions["findings"].as_array().is_some_and(|findings| !findings.is_empty()));
    let missing = definitions["missing"].as_array().expect("a list");
    assert!(missing.contains(&Json::from("door")), "{missing:?}");
    scratch.write("automata/bell.yaml", "");
    scratch.write("automata/parts.yaml", "");
    assert_eq!(server.get("/").status, 200);
}

#[test]
fn a_folder_that_goes_away_is_said_and_comes_back() {
    let scratch = Scratch::with_doors();
    let server = Server::new(&scratch, &[]);
    let mut events = server.events();
    version(&mut events);
    let (here, away) = (scratch.path().join("automata"), scratch.path().join("away"));
    std::fs::rename(&here, &away).expect("a folder of ours");
    version(&mut events);
    let gone = server.get("/definitions").json();
    assert!(gone["problem"].as_str().is_some_and(|problem| problem.contains("cannot be read")), "{}", gone["problem"]);
    assert!(automaton(&gone, "door")["picture"].is_string(), "what was there is still shown");
    std::fs::rename(&away, &here).expect("a folder of ours");
    version(&mut events);
    assert!(server.get("/definitions").json()["problem"].is_null());
}

#[test]
fn a_simulation_asks_goes_on_and_is_a_trace() {
    let scratch = Scratch::with_doors();
    let server = Server::new(&scratch, &[]);
    let push = r#"{"instance":"door[1]","event":"push","fields":{"who":"Ada"}}"#;
    let asked = server.simulate(&format!("{{}}\n{push}\n"));
    assert_eq!(
        asked["question"],
        serde_json::json!({ "question": "door.locked", "automaton": "door", "condition": "locked" })
    );
    assert_eq!(asked["line"], 2);
    let answered = push.replace("}}", r#"},"conditions":{"door.locked":false}}"#);
    let script = format!("{{}}\n{answered}\n{{\"at_ms\":6000}}\n");
    let done = server.simulate(&script);
    assert!(done["error"].is_null(), "{done}");
    let lines: Vec<Json> = done["trace"]
        .as_str()
        .expect("a text")
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of a trace is JSON"))
        .collect();
    assert_eq!(lines[0]["trace"], 1);
    let pushed = lines.iter().find(|line| line["event"] == "push").expect("it was delivered");
    assert_eq!(
        (&pushed["after"], &pushed["timers"]["after patience in OPEN"]),
        (&Json::from("OPEN"), &Json::from(5000))
    );
    assert!(lines.iter().any(|line| line["event"] == "after patience in OPEN" && line["after"] == "CLOSED"));

    let wrong = server.simulate("{}\n{\"instance\":\"door[1]\",\"event\":\"pusch\"}\n");
    assert!(wrong["error"].as_str().is_some_and(|error| error.contains("did you mean `push`")), "{wrong}");
    assert_eq!((&wrong["line"], &wrong["question"]), (&Json::from(2), &Json::Null));
    assert_eq!(server.ask("POST /simulate", &[&server.host()], &" ".repeat((1 << 20) + 1)).status, 413);
    assert_eq!(server.get("/simulate").status, 405);
    let deep = "[".repeat(100_000);
    assert!(server.simulate(&deep)["error"].is_string(), "and the server goes on");
    assert_eq!(server.get("/").status, 200);
}

#[test]
fn another_version_is_served_to_compare_with() {
    let scratch = Scratch::with_doors();
    assert_eq!(Server::new(&scratch, &[]).get("/against").status, 404);
    for (file, text) in [("parts", scratch.read("automata/parts.yaml")), ("types", scratch.read("automata/types.yaml"))]
    {
        scratch.write(&format!("before/automata/{file}.yaml"), &text);
    }
    scratch.write("before/automata/bell.yaml", &scratch.read("automata/bell.yaml"));
    scratch.write("before/automata/door.yaml", &DOOR.replace("OPEN", "AJAR"));
    let server = Server::new(&scratch, &["--against", "before"]);
    assert_eq!(server.get("/about").json()["against"], "before/automata");
    let against = server.get("/against").json();
    let states = automaton(&against, "door")["states"].as_array().expect("a list").clone();
    assert!(states.iter().any(|state| state["name"] == "AJAR"), "{states:?}");
    scratch.run(&["serve", "--against", "nowhere"]).bad(2, &["nowhere does not exist"]);
}

#[test]
fn a_port_that_is_taken_and_a_folder_that_is_missing_are_said() {
    let scratch = Scratch::with_doors();
    let taken = TcpListener::bind(("127.0.0.1", 0)).expect("some port is free");
    let port = taken.local_addr().expect("it has one").port().to_string();
    scratch.run(&["serve", "--port", &port]).bad(2, &[&format!("port {port} cannot be used"), "help: "]);
    scratch.run(&["serve", "nowhere"]).bad(2, &["nowhere does not exist", "help: DIR names the folder"]);
    scratch.run(&["serve", "automata/door.yaml"]).bad(2, &["is not a folder", "automata serve automata"]);
    scratch.run(&["serve", "--port", "65536"]).bad(2, &["65536"]);
}

#[test]
fn a_folder_around_the_definitions_is_enough() {
    let scratch = Scratch::with_doors();
    let path = scratch.path().to_string_lossy().into_owned();
    let server = Server::new(&scratch, &[&path]);
    assert!(automaton(&server.get("/definitions").json(), "door")["picture"].is_string());
}

#[test]
fn a_file_of_ten_megabytes_is_a_finding() {
    let scratch = Scratch::with_doors();
    let server = Server::new(&scratch, &[]);
    let mut events = server.events();
    version(&mut events);
    scratch.write("automata/large.yaml", &"# nothing\n".repeat(1 << 20));
    version(&mut events);
    let definitions = server.get("/definitions").json();
    let finding = definitions["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|finding| finding["path"].as_str().is_some_and(|path| path.ends_with("large.yaml")));
    assert!(finding.is_some(), "{}", definitions["findings"]);
    assert!(automaton(&definitions, "door")["picture"].is_string());
}

/// Idle ones give way, so whoever asks is answered.
#[test]
fn a_flood_of_connections_keeps_nobody_out() {
    let scratch = Scratch::with_doors();
    let server = Server::new(&scratch, &[]);
    let mut events = server.events();
    version(&mut events);
    let idle: Vec<TcpStream> = (0..300).map(|_| server.connect()).collect();
    let start = Instant::now();
    assert_eq!(server.get("/").status, 200);
    assert!(start.elapsed() < DEADLINE / 2, "it is answered at once, not when the others time out");
    // All but so many were closed by the server: reading ends at once.
    let is_closed = |mut stream: &TcpStream| stream.read(&mut [0]).is_ok_and(|count| count == 0);
    let closed = idle[..200].iter().filter(|stream| is_closed(stream)).count();
    assert_eq!(closed, 200, "the oldest gave way");
    scratch.write("automata/door.yaml", &DOOR.replace("CLOSED", "SHUT"));
    version(&mut events);
}

#[test]
fn the_pages_that_listen_are_bounded() {
    let scratch = Scratch::with_doors();
    let server = Server::new(&scratch, &[]);
    let mut pages: Vec<_> = (0..32).map(|_| server.events()).collect();
    for page in &mut pages {
        version(page);
    }
    assert_eq!(server.get("/events").status, 503);
    assert_eq!(server.get("/").status, 200);
    drop(pages);
    let end = Instant::now() + DEADLINE;
    loop {
        // Places are free again once the server has noticed.
        let mut page = server.events();
        let mut line = String::new();
        page.read_line(&mut line).expect("an answer");
        if line.contains("200") {
            return;
        }
        assert!(Instant::now() < end, "no place became free");
    }
}

#[cfg(unix)]
#[test]
fn control_c_ends_it() {
    let scratch = Scratch::with_doors();
    let mut server = Server::new(&scratch, &[]);
    let mut events = server.events();
    version(&mut events);
    let process = server.child.id().to_string();
    let sent = std::process::Command::new("kill").args(["-INT", &process]).status().expect("kill is there");
    assert!(sent.success());
    assert_eq!(server.child.wait().expect("it ends").code(), Some(0));
}
