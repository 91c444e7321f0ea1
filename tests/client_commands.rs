//! The commands of `bitpie` against a node that a task stands for: what they ask, what they print, and their exit
//! codes.

use std::fs::Permissions;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use bitpie::api::access::{API_FILE, Access, HttpAccess, Token};
use bitpie::api::answers::{
    Claimant, Contact, ContactAdded, ContactRatings, ContactState, Contacts, Direction, FoundNames as Found,
    Invitation, InvitationRemoved, Invited, KnownContact, MarkedRead, Message, MessageSent, MessageState, Messages,
    Ping, RatedHour, RatedMonth, Rating, Ratings, Search, ServiceChange,
};
use bitpie::api::bind::{Bound, PortChoice, Reach, bind_port};
use bitpie::api::desk::{Desk, Doors};
use bitpie::api::errors::{ErrorKind, RpcError};
use bitpie::api::feeds::Feeds;
use bitpie::api::hidden::Hidden;
use bitpie::api::line::Shared;
use bitpie::api::methods::{
    AddContact, Call, ExportMessages, FindName, FoundNames, GetMessage, ListContacts, ListMessages, ListRatings,
    MarkRead, NewInvitation, PingContact, RemoveInvitation, Request, SendMessage, StopService, WatchMessages, answer,
};
use bitpie::api::server::serve;
use bitpie::identity::{InvitationName, NodeId};
use bitpie::world::services::ServiceResult;
use expect_test::{Expect, expect};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

/// A home folder in which a node says that it runs, and the task that answers for it.
struct Fake {
    home: tempfile::TempDir,
    asked: Arc<Mutex<Vec<Request>>>,
    end: Option<watch::Sender<bool>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

type Outcome = Result<Value, RpcError>;

impl Fake {
    fn start(answering: impl FnMut(&Request) -> Outcome + Send + 'static) -> Self {
        Self::start_with(true, answering)
    }

    /// At a port instead of a socket, as where there can be none.
    fn start_at_a_port(answering: impl FnMut(&Request) -> Outcome + Send + 'static) -> Self {
        Self::start_with(false, answering)
    }

    fn start_with(has_socket: bool, mut answering: impl FnMut(&Request) -> Outcome + Send + 'static) -> Self {
        let home = private_folder();
        let mut bound = Bound::of_home(home.path()).expect("bound");
        if !has_socket {
            bound.socket = None;
            bound.port = Some(bind_port(PortChoice::Default(0), Reach::ThisMachine).expect("some port is free"));
        }
        let token = Token::generate().expect("there is randomness");
        write_access(home.path(), &bound.access(&token));
        let (calls, mut received) = mpsc::channel::<Call>(8);
        let (end, ending) = watch::channel(false);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let node = async move {
                    while let Some(call) = received.recv().await {
                        let outcome = answering(&call.request);
                        log.lock().expect("nobody panicked").push(call.request);
                        let _ = call.reply.send(outcome);
                    }
                };
                let doors = Doors { token, calls, feeds: Feeds::default(), web_sessions: Arc::default() };
                let shared = Arc::new(Shared::new(Desk::new(doors, ending)));
                // The desk goes with the server, and with it the calls that the node waits for.
                let (served, ()) = tokio::join!(serve(bound, shared), node);
                served.expect("the socket can be used");
            });
        });
        Self { home, asked, end: Some(end), thread: Some(thread) }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        bitpie(self.home.path(), arguments).stdin(Stdio::null()).output().expect("the program is built with its tests")
    }

    fn asked(&self) -> Vec<Request> {
        std::mem::take(&mut self.asked.lock().expect("nobody panicked"))
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            end.send_replace(true);
        }
        let ended = self.thread.take().map(std::thread::JoinHandle::join);
        if !std::thread::panicking() {
            ended.expect("it ran").expect("it did not panic");
        }
    }
}

/// As a home has to be.
fn private_folder() -> tempfile::TempDir {
    tempfile::Builder::new().permissions(Permissions::from_mode(0o700)).tempdir().expect("a folder")
}

/// Says in a home folder where the node is.
fn write_access(home: &Path, access: &Access) {
    let path = home.join(API_FILE);
    std::fs::write(&path, access.to_text()).expect("it is ours");
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("it is ours");
}

fn bitpie(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bitpie"));
    command.args(arguments).arg("--home").arg(home).env_remove("CLICOLOR_FORCE").env_remove("BITPIE_HOME");
    // Whatever stands there, the node of this machine is not asked through others.
    command
        .env("http_proxy", "http://127.0.0.1:9")
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .env("ALL_PROXY", "http://127.0.0.1:9");
    command
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the program writes UTF-8")
}

/// Exit code, standard output and standard error, one below the other.
fn check(output: &Output, expected: Expect) {
    let code = output.status.code().expect("it was not killed");
    expected.assert_eq(&format!("exit code {code}\n{}{}", text(&output.stdout), text(&output.stderr)));
}

fn alice() -> NodeId {
    NodeId::from_bytes([1; 32])
}

fn contact() -> Contact {
    Contact {
        id: alice(),
        name: Some("alice".parse().expect("a nickname")),
        claimed_name: None,
        state: ContactState::Accepted,
        online: true,
        status: "CONNECTED".to_owned(),
        last_seen_unix_ms: None,
        unread: 0,
        waiting: 0,
        invitation: None,
        rating: Rating { seen_minutes: 98, up_minutes: 100 },
        nickname_change: None,
        clock_ahead_ms: None,
        looks_like: None,
    }
}

fn added(known: Option<KnownContact>) -> Outcome {
    answer::<AddContact>(&ContactAdded { contact: contact(), known, invited: false })
}

fn message(position: u64, direction: Direction, state: MessageState) -> Message {
    Message {
        position,
        id: format!("id{position}"),
        direction,
        with: alice(),
        name: Some("alice".parse().expect("a nickname")),
        text: Hidden(format!("text {position}")),
        time_unix_ms: 0,
        received_unix_ms: None,
        sent_time: None,
        expires_unix_ms: None,
        reply_to: None,
        state,
        why: (state == MessageState::Refused).then(|| "quota exceeded".to_owned()),
        attempts: 1,
        invited: false,
    }
}

fn sent() -> Outcome {
    answer::<SendMessage>(&MessageSent {
        id: "id1".to_owned(),
        to: alice(),
        name: Some("alice".parse().expect("a nickname")),
        state: MessageState::Queued,
        expires_unix_ms: 1,
        nickname_change: None,
        problem: None,
        help: None,
    })
}

/// One contact, who was there every second minute at 0 o'clock.
fn ratings() -> Ratings {
    let mut hours = [RatedHour::default(); 24];
    hours[0] = RatedHour { counted: 60, here: 30 };
    let month = "2026-11".parse().expect("a month");
    let contact = ContactRatings {
        id: alice(),
        name: Some("alice".parse().expect("a nickname")),
        since_unix_ms: Some(1_796_079_600_000),
        months: vec![RatedMonth { month, day: hours.into() }],
        before: None,
        total: hours.into(),
    };
    Ratings { month, counting: true, problem: None, help: None, contacts: vec![contact] }
}

#[test]
fn ratings_are_shown_with_a_chart_or_as_they_came() {
    let fake = Fake::start(|request| match request {
        Request::ListRatings(_) => answer::<ListRatings>(&ratings()),
        other => panic!("{other:?}"),
    });
    let run = |locale: &str, more: &[&str]| {
        let arguments: Vec<&str> = ["peers", "--ratings"].iter().chain(more).copied().collect();
        bitpie(fake.home.path(), &arguments)
            .env("LC_ALL", locale)
            .output()
            .expect("the program is built with its tests")
    };
    check(
        &run("C.UTF-8", &["--month", "2026-11"]),
        expect![[r#"
        exit code 0
        NAME   ID        MONTH  TOTAL  SINCE       00    06    12    18 UTC
        alice  yryonyeb   50 %   50 %  2026-11-30  ▅·······················
        MONTH: 2026-11. Chart: that month, by hour, from ▁ never there to █ always; · not counted.
    "#]],
    );
    check(
        &run("C", &["--month", "2026-11"]),
        expect![[r#"
        exit code 0
        NAME   ID        MONTH  TOTAL  SINCE       00    06    12    18 UTC
        alice  yryonyeb   50 %   50 %  2026-11-30  5.......................
        MONTH: 2026-11. Chart: that month, by hour, from 0 never there to 9 always; . not counted.
    "#]],
    );
    let raw = run("C", &["--json"]);
    assert_eq!(serde_json::from_slice::<Value>(&raw.stdout).expect("JSON"), json!(ratings()));
    let month = Some("2026-11".parse().expect("a month"));
    let asked = [month, month, None].map(|month| Request::ListRatings(ListRatings { month }));
    assert_eq!(fake.asked(), asked);
    for wrong in [&["--month", "2026-13"][..], &["--month", "november"]] {
        let output = run("C", wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(text(&output.stderr).contains("a month is written like 2026-11"), "{}", text(&output.stderr));
    }
    assert_eq!(fake.run(&["peers", "--month", "2026-11"]).status.code(), Some(2), "it is the month of ratings");
}

#[test]
fn a_contact_is_added_and_listed() {
    let fake = Fake::start(|request| match request {
        Request::AddContact(_) => added(None),
        Request::ListContacts(_) => answer::<ListContacts>(&Contacts { contacts: vec![contact()], alike: Vec::new() }),
        other => panic!("{other:?}"),
    });
    check(
        &fake.run(&["contact", "add", "bitpie:x", "--name", "alice"]),
        expect![[r#"
        exit code 0
        alice is a contact now: `bitpie msg send alice "…"`
    "#]],
    );
    let name = Some("alice".parse().expect("a nickname"));
    let idurl = "bitpie:x".to_owned().into();
    assert_eq!(fake.asked(), [Request::AddContact(AddContact { idurl, name, found_as: None })]);
    check(
        &fake.run(&["contact", "list"]),
        expect![[r#"
            exit code 0
            NAME   ID                THERE
            alice  yryonyeb  online  98 %
        "#]],
    );
    let raw = fake.run(&["--json", "contact", "list"]);
    assert_eq!(
        serde_json::from_slice::<Value>(&raw.stdout).expect("JSON"),
        json!({ "contacts": [contact()], "alike": [] })
    );
}

#[test]
fn an_invitation_is_made_for_one_or_for_a_time_and_only_the_address_is_on_standard_output() {
    let name: InvitationName = "yryonyeb".parse().expect("a name");
    let made = name.clone();
    let fake = Fake::start(move |request| match request {
        Request::NewInvitation(NewInvitation { for_ms }) => answer::<NewInvitation>(&Invited {
            id: alice(),
            idurl: Hidden("bitpie:x?invite=y".to_owned()),
            name: None,
            entrypoints: Vec::new(),
            invitation: Invitation {
                name: made.clone(),
                once: for_ms.is_none(),
                made_unix_ms: 0,
                until_unix_ms: 1,
                used_by: Vec::new(),
            },
        }),
        Request::RemoveInvitation(_) => {
            answer::<RemoveInvitation>(&InvitationRemoved { name: made.clone(), waiting: 0 })
        }
        other => panic!("{other:?}"),
    });
    for (arguments, for_ms, whom) in [
        (&["id", "--invite"][..], None, "The first"),
        (&["id", "--invite", "--for", "2h"], Some(7_200_000), "Everybody"),
    ] {
        let output = fake.run(arguments);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), "bitpie:x?invite=y\n"));
        let said = text(&output.stderr);
        assert!(said.starts_with(&format!("Invitation yryonyeb. {whom} ")), "{said}");
        assert!(said.contains("`bitpie invite remove yryonyeb`") && !said.contains("invite=y"), "{said}");
        assert_eq!(fake.asked(), [Request::NewInvitation(NewInvitation { for_ms })]);
    }
    let raw = fake.run(&["id", "--invite", "--json"]);
    assert_eq!(serde_json::from_slice::<Value>(&raw.stdout).expect("JSON")["idurl"], "bitpie:x?invite=y");
    assert_eq!(text(&raw.stderr), "");
    fake.asked();
    assert_eq!(text(&fake.run(&["invite", "remove", "yryonyeb"]).stdout), "The invitation yryonyeb is taken back.\n");
    assert_eq!(fake.asked(), [Request::RemoveInvitation(RemoveInvitation { name })]);
    for wrong in [&["invite", "remove", "yryo"][..], &["id", "--for", "2h"], &["id", "--invite", "--for", "soon"]] {
        assert_eq!(fake.run(wrong).status.code(), Some(2), "{wrong:?}");
    }
    assert_eq!(fake.asked(), []);
}

#[test]
fn a_contact_with_an_invitation_is_said_to_get_it() {
    let fake = Fake::start(|_| answer::<AddContact>(&ContactAdded { contact: contact(), known: None, invited: true }));
    assert_eq!(
        text(&fake.run(&["contact", "add", "bitpie:x?invite=y"]).stdout),
        "alice is a contact now: `bitpie msg send alice \"…\"`\n\
         Your messages carry the invitation until they have answered.\n"
    );
}

#[test]
fn whoever_is_known_already_is_not_called_new() {
    let named = |name: &str| Some(name.parse().expect("a nickname"));
    let was = [
        (
            ContactState::Accepted,
            named("alice"),
            "You know this node already, as alice: `bitpie msg send alice \"…\"`\n",
        ),
        (
            ContactState::Accepted,
            named("al"),
            "You know this node already, as al; it is alice from now on: `bitpie msg send alice \"…\"`\n",
        ),
        (
            ContactState::Request,
            None,
            "alice is a contact now, who had asked to talk, with 0 unread messages: `bitpie msg send alice \"…\"`\n",
        ),
    ];
    for (state, name, expected) in was {
        let known = KnownContact { state, name };
        let fake = Fake::start(move |_| added(Some(known.clone())));
        assert_eq!(text(&fake.run(&["contact", "add", "bitpie:x"]).stdout), expected);
    }
}

/// Answers a search for `alice` with whoever is in these places, as the node would; nobody is a contact yet.
fn names(request: &Request, places: &[u8], complete: bool, looks_like: Option<&str>) -> Outcome {
    let claimant = |place: &u8| {
        let id = NodeId::from_bytes([place + 1; 32]);
        let address = format!("bitpie:{id}");
        Claimant {
            index: *place,
            id,
            address,
            only_private: false,
            is_me: false,
            is_contact: false,
            state: None,
            contact: None,
            answers: Some(true),
        }
    };
    let nickname = |name: &str| name.parse().expect("a nickname");
    match request {
        Request::FindName(_) => answer::<FindName>(&Search { search: 7 }),
        Request::FoundNames(_) => answer::<FoundNames>(&Found {
            search: 7,
            name: nickname("alice"),
            claimants: places.iter().map(claimant).collect(),
            over: true,
            complete,
            answered: if complete { 10 } else { 7 },
            places: 10,
            seen: 1,
            looks_like: looks_like.map(nickname),
            missing: None,
        }),
        Request::AddContact(_) => {
            let contact = Contact { looks_like: looks_like.map(nickname), ..contact() };
            answer::<AddContact>(&ContactAdded { contact, known: None, invited: false })
        }
        Request::ListContacts(_) => answer::<ListContacts>(&Contacts { contacts: Vec::new(), alike: Vec::new() }),
        Request::SendMessage(send) if send.to == alice().to_string() => sent(),
        Request::SendMessage(_) => Err(RpcError::new(ErrorKind::NotFound, "there is no contact `alice`")),
        other => panic!("{other:?}"),
    }
}

/// The addresses that a command has made contacts.
fn pinned(fake: &Fake) -> Vec<String> {
    let asked = fake.asked().into_iter();
    asked.filter_map(|request| if let Request::AddContact(add) = request { Some(add.idurl.0) } else { None }).collect()
}

#[test]
fn of_several_who_claim_a_name_the_user_chooses() {
    let fake = Fake::start(|request| names(request, &[0, 1], true, None));
    // Nobody is at the terminal: the list says whom there is to choose from, and how that is done.
    check(
        &fake.run(&["msg", "send", "alice", "hello"]),
        expect![[r#"
        exit code 2
        0 yryo nyeb yryo nyeb yryo nyeb …
        1 yeby ryon yeby ryon yeby ryon …
        PLACE  FINGERPRINT                                 ADDRESS
            0  yryo nyeb yryo nyeb yryo nyeb  answers now  bitpie:yryonyebyryonyebyryonyebyryonyebyryonyebyryonyebyryo
            1  yeby ryon yeby ryon yeby ryon  answers now  bitpie:yebyryonyebyryonyebyryonyebyryonyebyryonyebyryonyeby

        error: 2 people claim the nickname `alice`
        help: `bitpie find alice` lists them; compare the fingerprints with your friend, and say whom you mean: --fingerprint '…', or --place N
    "#]],
    );
    check(
        &fake.run(&["msg", "send", "alice", "hello", "--yes"]),
        expect![[r#"
        exit code 2
        0 yryo nyeb yryo nyeb yryo nyeb …
        1 yeby ryon yeby ryon yeby ryon …
        error: 2 people claim the nickname `alice`
        help: `bitpie find alice` lists them; compare the fingerprints with your friend, and say whom you mean: --fingerprint '…', or --place N
    "#]],
    );
    assert_eq!(pinned(&fake), [""; 0]);
    check(
        &fake.run(&["msg", "send", "alice", "hello", "--place", "0", "--yes"]),
        expect![[r#"
        exit code 0
        For alice: queued, and safe on this disk (`--wait` waits for more, `bitpie msg list` shows it)
        0 yryo nyeb yryo nyeb yryo nyeb …
        1 yeby ryon yeby ryon yeby ryon …
        alice is yryo nyeb yryo nyeb yryo nyeb (place 0).
    "#]],
    );
    let first = format!("bitpie:{}", alice());
    assert_eq!(pinned(&fake), [&*first]);
    check(
        &fake.run(&["msg", "send", "alice", "hello", "--fingerprint", "yryo nyeb yryo nyeb yryo nyeb"]),
        expect![[r#"
            exit code 0
            For alice: queued, and safe on this disk (`--wait` waits for more, `bitpie msg list` shows it)
            0 yryo nyeb yryo nyeb yryo nyeb …
            1 yeby ryon yeby ryon yeby ryon …
            alice is yryo nyeb yryo nyeb yryo nyeb (place 0).
        "#]],
    );
    assert_eq!(pinned(&fake), [&*first]);
    let other = "yony ebyr yony ebyr yony ebyr";
    check(
        &fake.run(&["contact", "add", "alice", "--fingerprint", other]),
        expect![[r#"
        exit code 2
        0 yryo nyeb yryo nyeb yryo nyeb …
        1 yeby ryon yeby ryon yeby ryon …
        error: nobody with the fingerprint yony ebyr yony ebyr yony ebyr claims the nickname `alice`
        help: `bitpie find alice` lists who does
    "#]],
    );
    assert_eq!(pinned(&fake), [""; 0]);
}

#[test]
fn yes_alone_is_not_enough_where_the_search_is_not() {
    let fake = Fake::start(|request| names(request, &[0], false, None));
    check(
        &fake.run(&["msg", "send", "alice", "hello", "--yes"]),
        expect![[r#"
            exit code 2
            0 yryo nyeb yryo nyeb yryo nyeb …
            error: others may claim the nickname `alice` too: only 7 of the 10 places of the name have answered
            help: try again, or say whom you mean: --fingerprint 'yryo nyeb yryo nyeb yryo nyeb'
        "#]],
    );
    assert_eq!(pinned(&fake), [""; 0]);
    // Whoever names a place or a fingerprint is told.
    check(
        &fake.run(&["msg", "send", "alice", "hello", "--place", "0", "--yes"]),
        expect![[r#"
            exit code 0
            For alice: queued, and safe on this disk (`--wait` waits for more, `bitpie msg list` shows it)
            0 yryo nyeb yryo nyeb yryo nyeb …
            alice is yryo nyeb yryo nyeb yryo nyeb (place 0).

            There may be more: only 7 of the 10 places of the name have answered.
        "#]],
    );
    assert_eq!(pinned(&fake).len(), 1);
}

#[test]
fn a_name_that_looks_like_that_of_a_contact_is_told_before_anything_is_sent() {
    let fake = Fake::start(|request| names(request, &[0], true, Some("аlice")));
    let expected = "the name looks like that of your contact аlice, who is somebody else";
    for more in [&["--yes"][..], &["--yes", "--json"], &["--place", "0", "--yes"]] {
        let output = fake.run(&[&["msg", "send", "alice", "hello"][..], more].concat());
        assert!(output.status.success() && text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    }
    // Under another name it looks like nobody, and was looked for under one that does.
    let output = fake.run(&["contact", "add", "alice", "--name", "zoe", "--yes"]);
    assert!(text(&output.stderr).contains("alice is not your contact аlice"), "{}", text(&output.stderr));
}

#[test]
fn a_fingerprint_means_nobody_else_also_where_the_name_is_that_of_a_contact() {
    let fake = Fake::start(|request| match request {
        Request::ListContacts(_) => answer::<ListContacts>(&Contacts { contacts: vec![contact()], alike: Vec::new() }),
        Request::SendMessage(_) => sent(),
        other => panic!("{other:?}"),
    });
    let [hers, anothers] = ["yryonyebyryonyebyryonyeb", "yonyebyryonyebyryonyebyr"];
    let address = format!("bitpie:{}", alice());
    for to in ["alice", "bitpie:yryo", &address] {
        let sent = fake.run(&["msg", "send", to, "hello", "--fingerprint", hers]);
        assert!(sent.status.success(), "{}", text(&sent.stderr));
        let asked = fake.asked();
        let is_hers =
            |request: &Request| matches!(request, Request::SendMessage(send) if send.to == alice().to_string());
        assert_eq!(asked.iter().filter(|request| is_hers(request)).count(), 1, "{asked:?}");
        let refused = fake.run(&["msg", "send", to, "hello", "--fingerprint", anothers]);
        assert_eq!(refused.status.code(), Some(2), "{to}");
        assert!(fake.asked().iter().all(|request| matches!(request, Request::ListContacts(_))), "{to}");
    }
    check(
        &fake.run(&["msg", "send", "alice", "hello", "--fingerprint", anothers]),
        expect![[r#"
        exit code 2
        error: `alice` is the node yryo nyeb yryo nyeb yryo nyeb, and not that of the fingerprint yony ebyr yony ebyr yony ebyr
        help: nothing was done: compare both with your friend
    "#]],
    );
    check(
        &fake.run(&["contact", "add", &address, "--fingerprint", anothers]),
        expect![[r#"
        exit code 2
        error: `bitpie:yryonyebyryonyebyryonyebyryonyebyryonyebyryonyebyryo` is the node yryo nyeb yryo nyeb yryo nyeb, and not that of the fingerprint yony ebyr yony ebyr yony ebyr
        help: nothing was done: compare both with your friend
    "#]],
    );
    let short = fake.run(&["msg", "send", "alice", "hello", "--fingerprint", "yryonyeb"]);
    assert!(text(&short.stderr).contains("at least 24 characters"), "{}", text(&short.stderr));
}

#[test]
fn everybody_who_comes_in_is_told_once_though_the_list_gets_shorter() {
    let mut step = 0;
    let fake = Fake::start(move |request| match request {
        Request::FoundNames(_) => {
            // The first is found in a lower place too, and the third comes in with that.
            let places: &[&[u8]] = &[&[4, 5], &[0, 6]];
            let at = places[step.min(1)];
            step += 1;
            let outcome = names(request, at, true, None)?;
            let mut found: Found = serde_json::from_value(outcome).expect("it is one");
            (found.over, found.seen) = (step > 1, step as u64);
            answer::<FoundNames>(&found)
        }
        other => names(other, &[], true, None),
    });
    check(
        &fake.run(&["find", "alice"]),
        expect![[r#"
        exit code 0
        PLACE  FINGERPRINT                                 ADDRESS
            0  yryo nyeb yryo nyeb yryo nyeb  answers now  bitpie:yryonyebyryonyebyryonyebyryonyebyryonyebyryonyebyryo
            6  yhdo qba8 yhdo qba8 yhdo qba8  answers now  bitpie:yhdoqba8yhdoqba8yhdoqba8yhdoqba8yhdoqba8yhdoqba8yhdo

        The list holds those who claim the name and have it in their identity document too; other claims are left out.
        4 ywno kbef ywno kbef ywno kbef …
        5 yady cbog yady cbog yady cbog …
        0 yryo nyeb yryo nyeb yryo nyeb …
        6 yhdo qba8 yhdo qba8 yhdo qba8 …
    "#]],
    );
}

#[test]
fn a_ping_without_an_answer_is_told_and_fails() {
    let fake = Fake::start(|_| {
        answer::<PingContact>(&Ping {
            id: alice(),
            name: None,
            online: false,
            took_ms: None,
            transport: None,
            why: Some("no address of it is known".to_owned()),
        })
    });
    check(
        &fake.run(&["contact", "ping", "alice"]),
        expect![[r#"
        exit code 1
        yryonyeb is not there: no address of it is known.
    "#]],
    );
}

#[test]
fn what_the_node_refuses_is_told_with_its_help() {
    let fake = Fake::start(|_| {
        Err(RpcError::new(ErrorKind::Ambiguous, "`8k` could be alice or bob").help("give more of the id"))
    });
    check(
        &fake.run(&["contact", "remove", "8k"]),
        expect![[r#"
        exit code 1
        error: `8k` could be alice or bob
        help: give more of the id
    "#]],
    );
    check(
        &fake.run(&["contact", "remove", "8k", "--json"]),
        expect![[r#"
        exit code 1
        {"error":{"code":2,"message":"`8k` could be alice or bob","data":{"kind":"ambiguous","help":"give more of the id"}}}
    "#]],
    );
}

#[test]
fn a_message_is_sent_and_its_way_is_followed() {
    let mut step = 0;
    let fake = Fake::start(move |request| match request {
        Request::SendMessage(_) => sent(),
        Request::GetMessage(_) => {
            let states = [MessageState::Queued, MessageState::Sent, MessageState::Delivered];
            step += 1;
            answer::<GetMessage>(&message(1, Direction::Outgoing, states[step - 1]))
        }
        other => panic!("{other:?}"),
    });
    check(
        &fake.run(&["msg", "send", "alice", "hello"]),
        expect![[r#"
        exit code 0
        For alice: queued, and safe on this disk (`--wait` waits for more, `bitpie msg list` shows it)
    "#]],
    );
    check(
        &fake.run(&["msg", "send", "alice", "hello", "--wait", "--expires", "10min"]),
        expect![[r#"
            exit code 0
            Delivered: it is on alice's disk.
            queued
            sent
            delivered
        "#]],
    );
    let expires: Vec<Option<u64>> = fake
        .asked()
        .iter()
        .filter_map(|request| match request {
            Request::SendMessage(send) => Some(send.expires_ms),
            _ => None,
        })
        .collect();
    assert_eq!(expires, [None, Some(600_000)]);
}

#[test]
fn a_message_that_is_refused_or_not_confirmed_in_time_fails() {
    let fake = Fake::start(|request| match request {
        Request::SendMessage(_) => sent(),
        _ => answer::<GetMessage>(&message(1, Direction::Outgoing, MessageState::Refused)),
    });
    check(
        &fake.run(&["msg", "send", "alice", "hello", "--wait"]),
        expect![[r#"
        exit code 1
        Refused by alice: quota exceeded.
        refused (quota exceeded)
    "#]],
    );
    let fake = Fake::start(|request| match request {
        Request::SendMessage(_) => sent(),
        _ => answer::<GetMessage>(&message(1, Direction::Outgoing, MessageState::Queued)),
    });
    check(
        &fake.run(&["msg", "send", "alice", "hello", "--wait", "--timeout", "0s"]),
        expect![[r#"
        exit code 1
        On its way: alice has not confirmed it yet; the node goes on trying.
        queued
    "#]],
    );
}

#[test]
fn an_address_comes_from_standard_input() {
    let fake = Fake::start(|_| added(None));
    let add = |input: &str| {
        let mut child = bitpie(fake.home.path(), &["contact", "add", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program is built with its tests");
        child.stdin.take().expect("it is a pipe").write_all(input.as_bytes()).expect("it reads");
        child.wait().expect("it ends").code()
    };
    assert_eq!(add("bitpie:x?invite=y\nmore\n"), Some(0));
    assert_eq!(pinned(&fake), ["bitpie:x?invite=y"]);
    assert_eq!(add("\n"), Some(2));
    assert_eq!(pinned(&fake), [""; 0]);
}

#[test]
fn a_text_comes_from_standard_input() {
    let fake = Fake::start(|_| sent());
    for arguments in [&["msg", "send", "alice", "-"][..], &["msg", "send", "alice"]] {
        let mut child = bitpie(fake.home.path(), arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("the program is built with its tests");
        child.stdin.take().expect("it is a pipe").write_all("zwei\nZeilen ß\n".as_bytes()).expect("it reads");
        assert!(child.wait().expect("it ends").success());
        let Some(Request::SendMessage(send)) = fake.asked().pop() else { panic!("nothing was sent") };
        assert_eq!(send.text.0, "zwei\nZeilen ß");
    }
    check(
        &fake.run(&["msg", "send", "alice", "-"]),
        expect![[r#"
        exit code 2
        error: there is nothing to send
        help: give a text, or `-` and a text on standard input
    "#]],
    );
    assert_eq!(fake.asked(), []);
}

#[test]
fn a_conversation_that_was_shown_is_read() {
    let fake = Fake::start(|request| match request {
        Request::ListMessages(_) => answer::<ListMessages>(&Messages {
            messages: vec![
                message(3, Direction::Incoming, MessageState::Unread),
                message(4, Direction::Outgoing, MessageState::Sent),
            ],
            next: None,
            next_request: None,
        }),
        Request::MarkRead(_) => answer::<MarkRead>(&MarkedRead { count: 1 }),
        other => panic!("{other:?}"),
    });
    let was_marked = |arguments: &[&str]| {
        assert!(fake.run(arguments).status.success());
        fake.asked().into_iter().any(|request| matches!(request, Request::MarkRead(MarkRead { up_to: Some(3), .. })))
    };
    assert!(was_marked(&["msg", "list", "alice"]));
    assert!(!was_marked(&["msg", "list", "alice", "--keep-unread"]));
    assert!(!was_marked(&["msg", "list", "alice", "--json"]));
    assert!(!was_marked(&["msg", "list"]));
}

#[test]
fn messages_are_printed_as_they_come_until_the_node_stops() {
    let fake = Fake::start(|request| match request {
        Request::WatchMessages(WatchMessages { after: Some(5), .. }) => {
            Err(RpcError::new(ErrorKind::Unavailable, "the node is stopping"))
        }
        Request::WatchMessages(_) => answer::<WatchMessages>(&Messages {
            messages: vec![message(5, Direction::Incoming, MessageState::Unread)],
            next: Some(5),
            next_request: None,
        }),
        Request::MarkRead(_) => answer::<MarkRead>(&MarkedRead { count: 1 }),
        other => panic!("{other:?}"),
    });
    check(
        &fake.run(&["msg", "watch"]),
        expect![[r#"
        exit code 1
        ← alice: text 5
        Messages, as they come; Ctrl-C ends.
        error: the node is stopping
    "#]],
    );
}

#[test]
fn an_export_goes_through_all_pages_into_a_file_of_this_user() {
    let fake = Fake::start(|request| match request {
        Request::ExportMessages(ExportMessages { after, .. }) => answer::<ExportMessages>(&Messages {
            messages: vec![message(after + 1, Direction::Incoming, MessageState::Read)],
            next: (*after < 2).then_some(after + 1),
            next_request: None,
        }),
        other => panic!("{other:?}"),
    });
    let positions = |text: &str| -> Vec<u64> {
        let messages = text.lines().map(|line| serde_json::from_str::<Message>(line).expect("a message"));
        messages.map(|message| message.position).collect()
    };
    assert_eq!(positions(text(&fake.run(&["msg", "export"]).stdout)), [1, 2, 3]);
    let file = fake.home.path().join("out.jsonl");
    let file_text = file.to_str().expect("UTF-8");
    assert!(fake.run(&["msg", "export", "alice", "--out", file_text]).status.success());
    assert_eq!(positions(&std::fs::read_to_string(&file).expect("it is there")), [1, 2, 3]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(file.metadata().expect("it is there").permissions().mode() & 0o777, 0o600);
    }
    let again = fake.run(&["msg", "export", "--out", file_text]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("is not overwritten"), "{}", text(&again.stderr));
}

#[test]
fn a_service_that_does_not_stop_is_told_and_fails() {
    let fake = Fake::start(|request| {
        let Request::StopService(stop) = request else { panic!("{request:?}") };
        answer::<StopService>(&ServiceChange {
            name: stop.name.clone(),
            result: ServiceResult::Started,
            enabled: true,
            why: Some("somebody else started it".to_owned()),
            still_off: Vec::new(),
        })
    });
    check(
        &fake.run(&["service", "stop", "gateway"]),
        expect![[r#"
        exit code 1
        gateway is on (somebody else started it).
    "#]],
    );
}

/// What `api.json` says of a node at this port.
fn at_port(address: std::net::SocketAddr) -> Access {
    Access { process: 4711, socket: None, http: Some(HttpAccess { address, token: Token::from_bytes(&[1; 32]) }) }
}

#[test]
fn a_node_at_a_port_proves_itself_and_is_asked() {
    let fake = Fake::start_at_a_port(|request| match request {
        Request::ListContacts(_) => answer::<ListContacts>(&Contacts { contacts: vec![contact()], alike: Vec::new() }),
        Request::SendMessage(_) => sent(),
        other => panic!("{other:?}"),
    });
    assert!(text(&fake.run(&["contact", "list"]).stdout).contains("alice"));
    assert!(fake.run(&["msg", "send", "alice", "hello"]).status.success());
}

/// Somebody who has taken over the port of a node, and answers everything in this way. What was said to them.
fn usurper(answers: Vec<Vec<u8>>) -> (std::net::SocketAddr, std::thread::JoinHandle<Vec<u8>>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("some port is free");
    let address = listener.local_addr().expect("it is bound");
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody comes");
        let mut heard = Vec::new();
        for answer in answers {
            let mut bytes = [0; 4096];
            let length = stream.read(&mut bytes).unwrap_or(0);
            heard.extend_from_slice(&bytes[..length]);
            let _ = stream.write_all(&answer);
        }
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut heard);
        heard
    });
    (address, thread)
}

#[test]
fn whoever_took_over_the_port_learns_nothing_and_is_not_believed() {
    let http = |body: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes();
    let nonce = "0".repeat(64);
    let id = json!({ "jsonrpc": "2.0", "id": 1, "result": { "id": alice(), "idurl": "bitpie:evil" } }).to_string();
    let proof = json!({ "nonce": nonce, "proof": "0".repeat(64) }).to_string();
    for answers in [
        vec![b"hello\r\n\r\n".to_vec()],
        vec![http("hello")],
        vec![http(&id)],
        vec![http(&proof), http(&id)],
        vec![http(&json!({ "nonce": nonce }).to_string()), http(&id)],
    ] {
        for arguments in [&["id"][..], &["msg", "send", "alice", "the secret text"]] {
            let home = private_folder();
            let (address, thread) = usurper(answers.clone());
            let access = at_port(address);
            write_access(home.path(), &access);
            let output = bitpie(home.path(), arguments)
                .stdin(Stdio::null())
                .output()
                .expect("the program is built with its tests");
            let heard = String::from_utf8_lossy(&thread.join().expect("it answered")).into_owned();
            assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""), "{arguments:?}");
            let said = text(&output.stderr);
            assert!(said.contains("is not the node that wrote api.json"), "{said}");
            let token = access.http.expect("it is at a port").token;
            for secret in [token.text(), "secret text", "messages", "alice"] {
                assert!(!heard.contains(secret) && !said.contains(token.text()), "it was told {secret}: {heard}");
            }
        }
    }
}

#[test]
fn a_proof_that_is_passed_on_from_the_node_at_another_port_is_none() {
    // The real node, at its port; and somebody in between, at the port that the client looks at.
    let fake = Fake::start_at_a_port(|request| panic!("{request:?}"));
    let access = Access::read(fake.home.path()).expect("it can be read").expect("it is there");
    let http = access.http.expect("it is at a port");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("some port is free");
    let between = listener.local_addr().expect("it is bound");
    let home = private_folder();
    let deceived = HttpAccess { address: between, token: http.token.clone() };
    write_access(home.path(), &Access { process: 1, socket: None, http: Some(deceived) });
    let thread = std::thread::spawn(move || {
        let (client, _) = listener.accept().expect("somebody comes");
        let node = std::net::TcpStream::connect(http.address).expect("it listens");
        let passed_on = |from: &std::net::TcpStream, to: &std::net::TcpStream| {
            let (mut from, mut to) = (from.try_clone().expect("ours"), to.try_clone().expect("ours"));
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(std::net::Shutdown::Both);
            })
        };
        for thread in [passed_on(&client, &node), passed_on(&node, &client)] {
            thread.join().expect("it did not panic");
        }
    });
    let output = bitpie(home.path(), &["status"]).output().expect("the program is built with its tests");
    thread.join().expect("it passed on");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("is not the node that wrote api.json"), "{}", text(&output.stderr));
    assert_eq!(fake.asked(), []);
}

#[test]
fn an_api_file_that_was_left_behind_is_no_node() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("some port is free").local_addr().expect("bound");
    let socket = Access { process: 4711, socket: Some("api.sock".to_owned()), http: None };
    for access in [at_port(gone), socket] {
        let home = private_folder();
        write_access(home.path(), &access);
        let output = bitpie(home.path(), &["peers"]).output().expect("the program is built with its tests");
        assert_eq!(output.status.code(), Some(3));
        let said = text(&output.stderr);
        assert!(said.contains("process 4711, is gone") && said.contains("bitpie run --home"), "{said}");
    }
}

#[test]
fn a_home_or_an_api_file_that_others_can_get_at_is_refused_with_the_command_that_helps() {
    let fake = Fake::start(|request| panic!("{request:?}"));
    let (home, file) = (fake.home.path().to_owned(), fake.home.path().join(API_FILE));
    let set = |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
    for (path, open, private) in [(&file, 0o644, 0o600), (&home, 0o755, 0o700)] {
        set(path, open);
        for arguments in [&["status"][..], &["id"], &["msg", "send", "alice", "hello"]] {
            let output = fake.run(arguments);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}");
            let said = text(&output.stderr);
            assert!(said.contains(&format!("chmod {private:o} '{}'", path.display())), "{said}");
        }
        set(path, private);
    }
    assert_eq!(fake.asked(), []);
}
