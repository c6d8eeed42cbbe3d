//! Both programs answer as `MetricsServer` does.
//!
//! Each is started on a free port and ended by its test, whatever happens.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Longer than anything takes; what takes longer hangs.
const LONG: Duration = Duration::from_secs(60);

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(program: &str) -> Self {
        let mut command = Command::new(program);
        let command = command.arg("127.0.0.1:0").stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let out = child.stdout.take().unwrap();
        let mut server = Self {
            child,
            address: String::new(),
        };
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).unwrap();
        let address = line
            .strip_prefix("http://")
            .and_then(|a| a.split('/').next());
        address.unwrap().clone_into(&mut server.address);
        server
    }

    /// The head and the body of an answer.
    fn request(&self, method: &str, path: &str, headers: &str) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n");
        stream
            .write_all(format!("{head}{headers}\r\n").as_bytes())
            .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer
            .windows(4)
            .position(|end| end == b"\r\n\r\n")
            .unwrap();
        let body = answer.split_off(end + 4);
        (String::from_utf8(answer).unwrap(), body)
    }

    #[track_caller]
    fn assert_answers(&self, path: &str, status: u16, body: &str) {
        let (head, found) = self.request("GET", path, "");
        let found = String::from_utf8(found).unwrap();
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status} ")),
            "{path}: {head}"
        );
        assert!(found.contains(body), "{path}: {found}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

const SAMPLE: &str = "\ngotk_suspend_status{kind=\"App\",name=\"web\",namespace=\"shop\"} 0";

#[track_caller]
fn assert_is_the_endpoint(server: &Server) {
    server.assert_answers("/", 200, "one's own");
    server.assert_answers("/metrics", 200, SAMPLE);
    server.assert_answers("/metrics?name[]=gotk_suspend_status", 200, SAMPLE);
    server.assert_answers("/healthz", 200, "ok\n");
    server.assert_answers("/readyz", 200, "ok\n");
    server.assert_answers("/nothing", 404, "");

    let (head, body) = server.request("HEAD", "/metrics", "");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert_eq!(body, b"");
    let (head, _) = server.request("POST", "/metrics", "");
    assert!(head.starts_with("HTTP/1.1 405 "), "{head}");
    assert!(
        head.to_ascii_lowercase()
            .contains("\r\nallow: get, head\r\n"),
        "{head}"
    );
    let asked = "Accept: application/openmetrics-text\r\nAccept-Encoding: gzip\r\n";
    let (head, body) = server.request("GET", "/metrics", asked);
    assert!(
        head.contains("application/openmetrics-text; version=1.0.0"),
        "{head}"
    );
    // By now it says enough about itself to be worth it.
    assert!(head.contains("\r\ncontent-encoding: gzip\r\n"), "{head}");
    assert!(body.starts_with(b"\x1f\x8b"), "{head}");
}

#[test]
fn axum_answers() {
    let server = Server::start(env!("CARGO_BIN_EXE_on-axum"));
    assert_is_the_endpoint(&server);
    server.assert_answers("/internal/team", 200, SAMPLE);
}

#[test]
fn hyper_answers() {
    assert_is_the_endpoint(&Server::start(env!("CARGO_BIN_EXE_on-hyper")));
}
