//! The smallest client of HTTP/1.1 that can tell what a server sent.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::AsyncWrite as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than anything takes; what takes longer hangs.
pub(crate) const LONG: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Response {
    /// The value of a header that is there once at most.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(n, _)| n == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert_eq!(values.next(), None, "a second {name} in {self:?}");
        value
    }
}

#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    /// What was read and not used.
    rest: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let stream = timeout(LONG, TcpStream::connect(address)).await;
        Self {
            stream: stream.expect("a connect ends").unwrap(),
            rest: Vec::new(),
        }
    }

    pub(crate) async fn send(&mut self, bytes: &str) {
        let sent = timeout(LONG, self.write(bytes.as_bytes())).await;
        sent.expect("a write ends").unwrap();
    }

    /// Says that nothing more will be sent, as `nc -N` does.
    pub(crate) async fn half_close(&mut self) {
        let stream = &mut self.stream;
        let closed = poll_fn(|cx| Pin::new(&mut *stream).poll_shutdown(cx));
        closed.await.unwrap();
    }

    /// Sends a request without a body; `headers` have their line ends.
    pub(crate) async fn request(&mut self, method: &str, target: &str, headers: &str) -> Response {
        let head = format!("{method} {target} HTTP/1.1\r\nHost: test\r\n{headers}\r\n");
        self.send(&head).await;
        let mut response = self.head().await;
        if method != "HEAD" {
            response.body = self.body(&response).await;
        }
        response
    }

    /// A `GET` whose body is no text.
    pub(crate) async fn request_bytes(
        &mut self,
        target: &str,
        headers: &str,
    ) -> (Response, Vec<u8>) {
        let head = format!("GET {target} HTTP/1.1\r\nHost: test\r\n{headers}\r\n");
        self.send(&head).await;
        let head = self.head().await;
        let body = self.body_bytes(&head).await;
        (head, body)
    }

    /// The response up to its body.
    pub(crate) async fn head(&mut self) -> Response {
        let head = self.until("\r\n\r\n").await;
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
        let status = status.unwrap_or_else(|| panic!("no status in {head:?}"));
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_ascii_lowercase(), value.to_owned())
        });
        Response {
            status: status[..3].parse().unwrap(),
            headers: headers.collect(),
            body: String::new(),
        }
    }

    pub(crate) async fn body(&mut self, head: &Response) -> String {
        String::from_utf8(self.body_bytes(head).await).unwrap()
    }

    async fn body_bytes(&mut self, head: &Response) -> Vec<u8> {
        if let Some(length) = head.header("content-length") {
            self.exactly(length.parse().unwrap()).await
        } else {
            assert_eq!(head.header("transfer-encoding"), Some("chunked"));
            self.chunks().await
        }
    }

    async fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let length = usize::from_str_radix(&self.until("\r\n").await, 16).unwrap();
            body.extend(self.exactly(length).await);
            assert_eq!(self.exactly(2).await, b"\r\n");
            if length == 0 {
                return body;
            }
        }
    }

    /// That nothing more comes: the server has closed the connection.
    pub(crate) async fn assert_closed(&mut self) {
        let more = self.drain().await;
        assert_eq!(String::from_utf8_lossy(&more), "");
    }

    /// Reads to the end of the stream, however it ends.
    pub(crate) async fn drain(&mut self) -> Vec<u8> {
        // A reset ends it as well.
        while self.read().await.unwrap_or(0) > 0 {}
        std::mem::take(&mut self.rest)
    }

    /// Reads up to `end`, which is taken off.
    async fn until(&mut self, end: &str) -> String {
        loop {
            let position = self
                .rest
                .windows(end.len())
                .position(|window| window == end.as_bytes());
            if let Some(position) = position {
                let found: Vec<u8> = self.rest.drain(..position + end.len()).collect();
                let text = String::from_utf8(found).unwrap();
                return text.strip_suffix(end).unwrap().to_owned();
            }
            self.more().await;
        }
    }

    async fn exactly(&mut self, length: usize) -> Vec<u8> {
        while self.rest.len() < length {
            self.more().await;
        }
        self.rest.drain(..length).collect()
    }

    async fn more(&mut self) {
        let read = self.read().await.unwrap();
        assert!(
            read > 0,
            "closed after {:?}",
            String::from_utf8_lossy(&self.rest)
        );
    }

    /// Adds what there is to `rest`; 0 at the end of the stream.
    async fn read(&mut self) -> io::Result<usize> {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let readable = timeout(LONG, self.stream.readable()).await;
            readable.expect("a read ends")?;
            match self.stream.try_read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => {
                    self.rest
                        .extend(&buffer[..read.as_ref().copied().unwrap_or(0)]);
                    return read;
                }
            }
        }
    }

    async fn write(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.stream.writable().await?;
            match self.stream.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => bytes = &bytes[written?..],
            }
        }
        Ok(())
    }
}
