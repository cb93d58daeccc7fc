//! A mail server that keeps what it is given (RFC 5321, the least of it).

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::Duration,
};

pub struct Mailbox {
    pub port: u16,
    mails: Receiver<Mail>,
}

#[derive(Debug)]
pub struct Mail {
    pub to: Vec<String>,
    /// Head and body, decoded where they were quoted-printable.
    pub text: String,
}

impl Mailbox {
    /// It is busy for the first so many mails, and takes those after them.
    pub fn open(busy: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (sender, mails) = mpsc::channel();
        thread::spawn(move || {
            let mut busy = busy;
            for stream in listener.incoming() {
                let is_busy = busy > 0;
                busy = busy.saturating_sub(1);
                // It goes away in between where nobody waits for it any more.
                let _ = converse(stream.expect("a connection"), is_busy, &sender);
            }
        });
        Self { port, mails }
    }

    /// The options that have a server send its mail here.
    pub fn options(&self) -> [String; 4] {
        let server = format!("smtp://127.0.0.1:{}", self.port);
        ["--mail".to_owned(), server, "--mail-from".to_owned(), "Anabranch <data@data.example>".to_owned()]
    }

    /// The next mail.
    pub fn next(&self) -> Mail {
        self.mails.recv_timeout(Duration::from_secs(30)).expect("a mail comes")
    }

    /// Nothing has come but what was taken out.
    pub fn expect_empty(&self) {
        let next = self.mails.recv_timeout(Duration::from_millis(1));
        assert!(matches!(next, Err(RecvTimeoutError::Timeout)), "{next:?}");
    }
}

impl Mail {
    /// The secret at the end of the link in it that leads there.
    pub fn secret(&self, path: &str) -> String {
        let begin = format!("https://data.example{path}=");
        let at = self.text.find(&begin).unwrap_or_else(|| panic!("no {begin} in {}", self.text)) + begin.len();
        self.text[at..].chars().take_while(char::is_ascii_alphanumeric).collect()
    }
}

fn converse(stream: TcpStream, is_busy: bool, sender: &Sender<Mail>) -> std::io::Result<()> {
    let mut answers = stream.try_clone()?;
    let mut lines = BufReader::new(stream).lines();
    answers.write_all(b"220 mail.example\r\n")?;
    let mut to = Vec::new();
    while let Some(line) = lines.next() {
        let line = line?;
        let answer = match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => "250 mail.example",
            "MAIL" if is_busy => "451 busy",
            "MAIL" => "250 go on",
            "RCPT" => {
                to.push(line.split(['<', '>']).nth(1).unwrap_or_default().to_owned());
                "250 go on"
            }
            "DATA" => {
                answers.write_all(b"354 go on\r\n")?;
                let mut text = String::new();
                for line in lines.by_ref() {
                    let line = line?;
                    if line == "." {
                        break;
                    }
                    text = text + &line + "\n";
                }
                // Nobody may be waiting for it any more.
                let _ = sender.send(Mail { to: std::mem::take(&mut to), text: decoded(&text) });
                "250 taken"
            }
            "QUIT" => {
                answers.write_all(b"221 bye\r\n")?;
                return Ok(());
            }
            _ => "250 as you like",
        };
        answers.write_all(format!("{answer}\r\n").as_bytes())?;
    }
    Ok(())
}

/// Quoted-printable (RFC 2045, 6.7), where it is said to be.
fn decoded(text: &str) -> String {
    if !text.to_lowercase().contains("content-transfer-encoding: quoted-printable") {
        return text.to_owned();
    }
    let text = text.replace("=\n", "");
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        match code.filter(|_| *first == b'=').and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
