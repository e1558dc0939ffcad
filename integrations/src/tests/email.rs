use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use protocol::notify::NotificationState::{Failed, Pending, Sent};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::env::{Script, TestEnv, email};
use crate::{EmailSettings, EmailTls, email::Email};

/// What the server does with the next mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reply {
    Take,
    Recipient(&'static str),
    Content(&'static str),
    /// It has the mail, and ends the connection without a word.
    TakeAndDrop,
    DropAtOnce,
}

struct MailServer {
    address: SocketAddr,
    mails: Arc<Mutex<Vec<String>>>,
    _served: JoinSet<()>,
}

impl MailServer {
    async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (script, mails) = (Script::new(replies), Arc::<Mutex<Vec<String>>>::default());
        let (kept, mut served) = (mails.clone(), JoinSet::new());
        served.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, script.clone(), kept.clone()));
            }
        });
        Self { address, mails, _served: served }
    }

    fn channel(&self) -> Email {
        let settings = EmailSettings {
            host: self.address.ip().to_string(),
            port: self.address.port(),
            tls: EmailTls::None,
            from: "drover@ci.example".to_owned(),
            ..EmailSettings::default()
        };
        Email::new(&settings, "https://ci.example").unwrap()
    }

    fn mails(&self) -> Vec<String> {
        self.mails.lock().unwrap().clone()
    }
}

async fn serve(stream: TcpStream, script: Script<Reply>, mails: Arc<Mutex<Vec<String>>>) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 mail.example\r\n").await.unwrap();
    let mut reply = Reply::Take;
    while let Ok(Some(line)) = lines.next_line().await {
        let answer = match line.split([' ', ':']).next().unwrap() {
            "EHLO" => "250-mail.example\r\n250 8BITMIME".to_owned(),
            "MAIL" => {
                reply = script.next();
                if reply == Reply::DropAtOnce {
                    return;
                }
                "250 ok".to_owned()
            }
            "RCPT" => if let Reply::Recipient(text) = reply { text } else { "250 ok" }.to_owned(),
            "DATA" => {
                write.write_all(b"354 go ahead\r\n").await.unwrap();
                let mut mail = String::new();
                while let Ok(Some(line)) = lines.next_line().await {
                    if line == "." {
                        break;
                    }
                    mail.push_str(&line);
                    mail.push('\n');
                }
                match reply {
                    Reply::Content(text) => text.to_owned(),
                    reply => {
                        mails.lock().unwrap().push(mail);
                        if reply == Reply::TakeAndDrop {
                            return;
                        }
                        "250 taken".to_owned()
                    }
                }
            }
            _ => "221 bye".to_owned(),
        };
        if write.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
            return;
        }
    }
}

fn header<'m>(mail: &'m str, name: &str) -> &'m str {
    mail.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}: {mail}"))
}

#[tokio::test]
async fn a_mail_is_sent_once_with_text_and_html() {
    let (env, server) = (TestEnv::start().await, MailServer::start([Reply::Take]).await);
    env.notify.send(&email("a@example.com", "héllo")).await.unwrap();
    let mut delivering = env.deliverer(server.channel());
    env.run(&mut delivering).await;
    env.run(&mut env.deliverer(server.channel())).await;
    let (mails, stored) = (server.mails(), env.stored().await.remove(0));
    assert_eq!((mails.len(), stored.state, stored.content.as_str()), (1, Sent, ""));
    assert_eq!(stored.reason.as_deref(), Some("250 taken"));
    assert_eq!(header(&mails[0], "Message-ID: "), format!("<{}@ci.example>", stored.id));
    assert_eq!((header(&mails[0], "To: "), header(&mails[0], "From: ")), ("a@example.com", "drover@ci.example"));
    assert!(mails[0].contains("<strong>bold</strong> &lt;b&gt;text&lt;/b&gt;"), "{}", mails[0]);
    assert!(mails[0].contains("multipart/alternative") && mails[0].contains("Auto-Submitted: auto-generated"));
}

#[tokio::test]
async fn a_lost_answer_after_the_content_is_tried_once_more_as_the_same_mail() {
    let replies = [Reply::TakeAndDrop, Reply::TakeAndDrop, Reply::Take];
    let (env, server) = (TestEnv::start().await, MailServer::start(replies).await);
    env.notify.send(&email("a@example.com", "s")).await.unwrap();
    let mut delivering = env.deliverer(server.channel());
    env.run(&mut delivering).await;
    assert!(env.stored().await[0].is_ambiguous);
    env.later(60);
    env.run(&mut delivering).await;
    env.later(3600);
    env.run(&mut delivering).await;
    let mails = server.mails();
    assert_eq!((mails.len(), env.stored().await[0].state), (2, Failed));
    assert_eq!(mails[0], mails[1], "with the same Message-ID");
}

#[tokio::test]
async fn an_address_that_is_refused_later_holds_up_no_other() {
    let replies = [Reply::Recipient("451 greylisted"), Reply::Take];
    let (env, server) = (TestEnv::start().await, MailServer::start(replies).await);
    for address in ["a@example.com", "b@example.com"] {
        env.notify.send(&email(address, "s")).await.unwrap();
    }
    let mut delivering = env.deliverer(server.channel());
    env.run(&mut delivering).await;
    let states: Vec<_> = env.stored().await.iter().map(|row| row.state).collect();
    assert!(states.contains(&Sent) && states.contains(&Pending), "{states:?}");
    env.later(10);
    env.run(&mut delivering).await;
    assert!(env.stored().await.iter().all(|row| row.state == Sent));
}

#[tokio::test]
async fn an_address_that_does_not_exist_is_denied_after_three_failures() {
    let (env, server) = (
        TestEnv::start().await,
        MailServer::start([Reply::Recipient("550 no such user"), Reply::Content("550 no such user")]).await,
    );
    let mut delivering = env.deliverer(server.channel());
    for number in 0..3 {
        env.notify.send(&email("a@example.com", &format!("{number}"))).await.unwrap();
        env.run(&mut delivering).await;
    }
    let stored = env.stored().await;
    assert!(
        stored.iter().all(|row| row.state == Failed && row.reason.as_deref().unwrap().contains("550")),
        "{stored:?}"
    );
    let refused = env.notify.send(&email("a@example.com", "4")).await.unwrap_err();
    assert!(refused.to_string().contains("deny list"), "{refused}");
}

#[tokio::test]
async fn while_the_server_is_away_one_mail_is_tried_and_none_is_lost() {
    let replies = [Reply::DropAtOnce; 12].into_iter().chain([Reply::Take]);
    let (env, server) = (TestEnv::start().await, MailServer::start(replies).await);
    for number in 0..20 {
        env.notify.send(&email(&format!("{number}@example.com"), "s")).await.unwrap();
    }
    let mut delivering = env.deliverer(server.channel());
    env.run(&mut delivering).await;
    assert_eq!(env.stored().await.iter().map(|row| row.attempts).sum::<i32>(), 8, "then the circuit breaker is open");
    env.run(&mut delivering).await;
    assert_eq!(env.stored().await.iter().map(|row| row.attempts).sum::<i32>(), 9);
    for _ in 0..10 {
        env.later(3600);
        env.run(&mut delivering).await;
    }
    assert!(env.stored().await.iter().all(|row| row.state == Sent));
    assert_eq!(server.mails().len(), 20);
}

#[tokio::test]
async fn two_processes_send_each_mail_once_and_in_order() {
    let (env, server) = (TestEnv::start().await, MailServer::start([Reply::Take]).await);
    for number in 0..40 {
        env.notify.send(&email("a@example.com", &format!("number {number}"))).await.unwrap();
        env.later(1);
    }
    let (mut one, mut two) = (env.deliverer(server.channel()), env.deliverer(server.channel()));
    for _ in 0..40 {
        tokio::join!(env.run(&mut one), env.run(&mut two));
    }
    let subjects: Vec<String> = server.mails().iter().map(|mail| header(mail, "Subject: ").to_owned()).collect();
    assert_eq!(subjects, (0..40).map(|number| format!("number {number}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_digest_says_how_many_there_were_and_names_the_first() {
    let (env, server) = (TestEnv::start().await, MailServer::start([Reply::Take]).await);
    for number in 0..90 {
        env.notify.send(&email("a@example.com", &format!("number {number}"))).await.unwrap();
    }
    let mut delivering = env.deliverer(server.channel());
    env.run(&mut delivering).await;
    assert_eq!(server.mails().len(), 50);
    env.later(601);
    env.run(&mut delivering).await;
    let mails = server.mails();
    assert_eq!((mails.len(), header(&mails[50], "Subject: ")), (51, "40 more notifications"));
    assert!(mails[50].contains("* number 50") && mails[50].contains("and 20 others"), "{}", mails[50]);
}
