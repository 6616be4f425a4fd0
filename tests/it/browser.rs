//! A real browser: Debian's chromium, driven by chromedriver (the WebDriver protocol) without a
//! window. Where they are not installed, a test that needs them is named as left out.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value as Json, json};

use crate::harness::skipped;

/// A browser with one page.
pub(crate) struct Browser {
    driver: Child,
    port: u16,
    session: String,
}

/// Whether a program is at hand; without it the test is named as left out.
pub(crate) fn at_hand(program: &str, test: &str) -> bool {
    let found = std::env::var_os("PATH")
        .is_some_and(|paths| std::env::split_paths(&paths).any(|path| path.join(program).exists()));
    if !found {
        skipped(test, program);
    }
    found
}

impl Browser {
    /// A browser that keeps its profile below `folder`; `None` where there is none, for `test`.
    pub(crate) fn open(folder: &Path, test: &str) -> Option<Browser> {
        if !at_hand("chromium", test) || !at_hand("chromedriver", test) {
            return None;
        }
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines
            .by_ref()
            .map(Result::unwrap)
            .find_map(|line| {
                let port = line.split("started successfully on port ").nth(1)?;
                port.trim_end_matches('.').parse().ok()
            })
            .unwrap();
        // Somebody must listen, or the driver ends at its next word.
        std::thread::spawn(move || lines.count());
        let mut browser = Browser { driver, port, session: String::new() };
        let profile = format!("--user-data-dir={}", folder.join("profile").display());
        let args =
            ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", &profile];
        let logs = json!({"browser": "ALL", "performance": "ALL"});
        let wanted = json!({"browserName": "chrome", "goog:chromeOptions": {"args": args}, "goog:loggingPrefs": logs});
        let made =
            browser.ask("POST", "/session", &json!({"capabilities": {"alwaysMatch": wanted}}));
        browser.session = made["sessionId"].as_str().unwrap().to_owned();
        Some(browser)
    }

    /// Loads a file.
    pub(crate) fn load(&self, path: &Path) {
        let url = format!("file://{}", path.display());
        self.ask("POST", &format!("/session/{}/url", self.session), &json!({"url": url}));
    }

    /// What a script in the page returns.
    pub(crate) fn run(&self, script: &str) -> Json {
        let body = json!({"script": script, "args": []});
        self.ask("POST", &format!("/session/{}/execute/sync", self.session), &body)
    }

    /// Lets the page believe that its reader prefers dark colours.
    pub(crate) fn prefer_dark(&self) {
        let features = json!([{"name": "prefers-color-scheme", "value": "dark"}]);
        let body = json!({"cmd": "Emulation.setEmulatedMedia", "params": {"features": features}});
        self.ask("POST", &format!("/session/{}/goog/cdp/execute", self.session), &body);
    }

    /// What stands in a log: `browser` (the console) or `performance` (the network).
    pub(crate) fn log(&self, kind: &str) -> Vec<Json> {
        let path = format!("/session/{}/se/log", self.session);
        self.ask("POST", &path, &json!({"type": kind})).as_array().unwrap().clone()
    }

    /// One command of the WebDriver protocol.
    fn ask(&self, method: &str, path: &str, body: &Json) -> Json {
        let body = body.to_string();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut answer = vec![0; length];
        reader.read_exact(&mut answer).unwrap();
        let mut answer: Json = serde_json::from_slice(&answer).unwrap();
        assert!(answer["value"]["error"].is_null(), "{method} {path}: {answer}");
        answer["value"].take()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            self.ask("DELETE", &format!("/session/{}", self.session), &json!({}));
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
