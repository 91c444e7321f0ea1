//! A small client of WebDriver (W3C Recommendation, <https://www.w3.org/TR/webdriver2/>): a real Chromium, driven by its
//! `chromedriver`, with an empty profile of its own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::nodes::DEADLINE;

/// What names an element in answers of WebDriver.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How Chromium is started: without a screen, and without anything that it would ask of the internet by itself.
const ARGUMENTS: &[&str] = &[
    "--headless=new",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    // Memory of a container is often too small for it.
    "--disable-dev-shm-usage",
    // Pages are tested, and no time is spent on drawing what nobody sees.
    "--force-device-scale-factor=1",
];

/// How often a condition of a page is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(40);

/// One browser with one page.
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    /// The profile; gone with the browser.
    _profile: TempDir,
}

impl Browser {
    /// A browser with an empty page, so wide and high.
    pub fn open(width: u32, height: u32) -> Self {
        let program = std::env::var("CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".to_owned());
        let mut driver = Command::new(&program)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{program} cannot be started: {error}; `cargo xtask test --only browser` sees to it")
            });
        let port = port_of(&mut driver);
        let profile = tempfile::tempdir().expect("a folder");
        let mut arguments: Vec<String> = ARGUMENTS.iter().map(|&argument| argument.to_owned()).collect();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        arguments.push(format!("--window-size={width},{height}"));
        if rustix::process::geteuid().is_root() {
            // Chromium's sandbox wants a user who is not root.
            arguments.push("--no-sandbox".to_owned());
        }
        let mut browser = Self { driver, port, session: String::new(), _profile: profile };
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let session = browser.ask("POST", "/session", &wanted).expect("a session");
        browser.session = session["sessionId"].as_str().expect("a session has an id").to_owned();
        browser
    }

    /// Goes to a page, and waits until it is loaded.
    pub fn go(&self, url: &str) {
        self.done("POST", "/url", &json!({ "url": url }));
    }

    /// Runs a function body in the page, with `arguments`; what it returns.
    pub fn run(&self, script: &str, arguments: &[Value]) -> Value {
        self.try_run(script, arguments).unwrap_or_else(|error| panic!("{error}\nin {script}"))
    }

    fn try_run(&self, script: &str, arguments: &[Value]) -> Result<Value, String> {
        self.ask("POST", &self.path("/execute/sync"), &json!({ "script": script, "args": arguments }))
    }

    /// The same for an asynchronous function body.
    pub fn run_async(&self, script: &str, arguments: &[Value]) -> Value {
        let whole = format!(
            "const tell = arguments[arguments.length - 1];
             (async (...arguments) => {{ {script} }})(...arguments).then(tell, (error) => tell({{ failed: String(error) }}));"
        );
        let answer = self
            .ask("POST", &self.path("/execute/async"), &json!({ "script": whole, "args": arguments }))
            .unwrap_or_else(|error| panic!("{error}\nin {script}"));
        assert!(answer["failed"].is_null(), "{}\nin {script}", answer["failed"]);
        answer
    }

    /// Waits until an expression is true of the page.
    #[track_caller]
    pub fn until(&self, expression: &str) {
        self.until_some(expression);
    }

    /// Waits until an expression is something; what it is then.
    #[track_caller]
    pub fn until_some(&self, expression: &str) -> Value {
        let deadline = Instant::now() + DEADLINE;
        let script = format!("return ({expression});");
        loop {
            let found = self.try_run(&script, &[]);
            match &found {
                Ok(Value::Null | Value::Bool(false)) | Err(_) => {}
                Ok(Value::String(text)) if text.is_empty() => {}
                Ok(found) => return found.clone(),
            }
            assert!(
                Instant::now() < deadline,
                "not within {} s: {expression}\n{found:?}\nthe page: {}\nits console: {:?}",
                DEADLINE.as_secs(),
                self.try_run("return document.body.innerText;", &[]).unwrap_or_default(),
                self.console(),
            );
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// Waits until there is such an element that can be seen, and clicks on it.
    #[track_caller]
    pub fn click(&self, selector: &str) {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let clicked = self
                .element(selector)
                .and_then(|id| self.ask("POST", &self.path(&format!("/element/{id}/click")), &json!({})));
            match clicked {
                Ok(_) => return,
                // It may be drawn again at this very moment, or be behind something that is about to go.
                Err(error) => assert!(Instant::now() < deadline, "{selector}: {error}"),
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// Types into an element, after what stands in it is gone.
    #[track_caller]
    pub fn type_into(&self, selector: &str, text: &str) {
        self.until(&format!("document.querySelector({})", json!(selector)));
        let id = self.element(selector).unwrap_or_else(|error| panic!("{selector}: {error}"));
        self.done("POST", &format!("/element/{id}/clear"), &json!({}));
        self.done("POST", &format!("/element/{id}/value"), &json!({ "text": text }));
    }

    /// Presses a key wherever the keyboard is: a character, or one of WebDriver's private ones.
    pub fn press(&self, key: &str) {
        let steps = [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })];
        self.done("POST", "/actions", &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": steps }] }));
    }

    fn element(&self, selector: &str) -> Result<String, String> {
        let wanted = json!({ "using": "css selector", "value": selector });
        let found = self.ask("POST", &self.path("/element"), &wanted)?;
        Ok(found[ELEMENT].as_str().ok_or("the answer names no element")?.to_owned())
    }

    /// The page is shown in light or in dark colours.
    pub fn set_dark(&self, is_dark: bool) {
        let value = if is_dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": value }, { "name": "prefers-reduced-motion", "value": "reduce" }]);
        self.devtools("Emulation.setEmulatedMedia", &json!({ "features": features }));
    }

    /// The page has another size; a narrow one is a phone's.
    pub fn set_size(&self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics);
    }

    fn devtools(&self, command: &str, parameters: &Value) {
        self.done("POST", "/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }));
    }

    /// What can be seen, as PNG.
    pub fn screenshot(&self) -> Vec<u8> {
        let picture = self.done("GET", "/screenshot", &Value::Null);
        let text = picture.as_str().expect("a picture as a text");
        data_encoding::BASE64.decode(text.as_bytes()).expect("it is Base64")
    }

    /// What the page has complained about since the last time: errors, and what its policy forbids.
    pub fn console(&self) -> Vec<String> {
        let lines = self.ask("POST", &self.path("/se/log"), &json!({ "type": "browser" })).unwrap_or_default();
        let text = |line: &Value| format!("{}: {}", line["level"].as_str().unwrap_or(""), line["message"]);
        lines.as_array().map(|lines| lines.iter().map(text).collect()).unwrap_or_default()
    }

    /// Nothing that is wrong stands in the console.
    #[track_caller]
    pub fn assert_no_complaints(&self) {
        let complaints: Vec<String> = self.console().into_iter().filter(|line| line.starts_with("SEVERE")).collect();
        assert!(complaints.is_empty(), "{complaints:#?}");
    }

    fn path(&self, rest: &str) -> String {
        format!("/session/{}{rest}", self.session)
    }

    #[track_caller]
    fn done(&self, method: &str, rest: &str, body: &Value) -> Value {
        self.ask(method, &self.path(rest), body).unwrap_or_else(|error| panic!("{rest}: {error}"))
    }

    /// A request, and the `value` of its answer.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answered = exchange(self.port, method, path, &body).map_err(|error| format!("chromedriver: {error}"))?;
        let answer: Value = serde_json::from_slice(&answered).map_err(|error| format!("no JSON: {error}"))?;
        let value = answer["value"].clone();
        match value["error"].as_str() {
            Some(error) => Err(format!("{error}: {}", value["message"].as_str().unwrap_or(""))),
            None => Ok(value),
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It takes the browser with it.
        let _ = exchange(self.port, "DELETE", &self.path(""), "");
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// It says at which port it is once it can be asked.
fn port_of(driver: &mut Child) -> u16 {
    let mut said = BufReader::new(driver.stdout.take().expect("it is piped"));
    let mut line = String::new();
    while said.read_line(&mut line).is_ok_and(|count| count > 0) {
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            let port = port.trim().trim_end_matches('.').parse().expect("a port");
            // What it says later goes nowhere, but must be read.
            std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
            return port;
        }
        line.clear();
    }
    panic!("chromedriver ended at once");
}

/// One request over HTTP/1.1, and the body of its answer.
fn exchange(port: u16, method: &str, path: &str, body: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(DEADLINE))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\
         content-type: application/json; charset=utf-8\r\ncontent-length: {length}\r\n\r\n{body}"
    )?;
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(|_| std::io::Error::other("no length"))?;
        }
    }
    let mut answer = vec![0; length];
    reader.read_exact(&mut answer)?;
    Ok(answer)
}
