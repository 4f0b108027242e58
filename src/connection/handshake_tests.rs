//! The handshake played against scripted replies.

use super::*;

const CLIENT: &str = concat!(
    "CLIENT SETINFO LIB-NAME librediscluster|CLIENT SETINFO LIB-VER ",
    env!("CARGO_PKG_VERSION")
);
const MAP: &str = "%2\r\n+server\r\n+redis\r\n+proto\r\n:3\r\n";

fn options(settings: &str) -> Options {
    let mut options = Options::new();
    for setting in settings.split_ascii_whitespace() {
        let (name, value) = setting.split_once('=').unwrap();
        options.set(name, value).unwrap();
    }
    options
}

/// The commands of a flight, joined by bars.
fn commands(flight: &[u8]) -> String {
    let mut commands = String::new();
    let text = std::str::from_utf8(flight).unwrap();
    let mut lines = text.split("\r\n");
    while let Some(count) = lines.next().and_then(|line| line.strip_prefix('*')) {
        let words: Vec<_> = (0..count.parse().unwrap())
            .map(|_| {
                lines.next();
                lines.next().unwrap()
            })
            .collect();
        if !commands.is_empty() {
            commands.push('|');
        }
        commands.push_str(&words.join(" "));
    }
    commands
}

/// Sends flights and takes the replies of `script` (RESP, one an element) until it is done or fails;
/// what was sent, flights parted by " // ".
fn play(settings: &str, readonly: bool, script: &[&str]) -> (String, Result<Agreement>) {
    let options = options(settings);
    let credentials = options.credentials().map(Arc::new);
    let mut handshake = Handshake::new(Arc::new(options), credentials, readonly);
    let mut sent = commands(&handshake.flight());
    for text in script {
        let reply = crate::resp::Reply::from_resp(text.as_bytes()).unwrap();
        match handshake.take(reply.root()) {
            Ok(Progress::Receive) => {}
            Ok(Progress::Send) => {
                sent.push_str(" // ");
                sent.push_str(&commands(&handshake.flight()));
            }
            Ok(Progress::Done) => return (sent, Ok(handshake.agreement().clone())),
            Err(error) => return (sent, Err(error)),
        }
    }
    assert!(script.is_empty(), "the script ended early");
    (sent, Ok(handshake.agreement().clone()))
}

#[test]
fn minimal_sends_only_what_the_settings_need() {
    for (settings, readonly, wanted) in [
        ("", false, ""),
        ("protocol=2", false, ""),
        ("protocol=3", false, "HELLO 3"),
        ("password=p", false, "AUTH p"),
        ("username=u password=p", false, "AUTH u p"),
        ("protocol=3 password=p", false, "HELLO 3 AUTH default p"),
        ("client_name=n db=2", true, "CLIENT SETNAME n|SELECT 2|READONLY"),
    ] {
        let options = options(&format!("handshake=minimal {settings}"));
        let credentials = options.credentials().map(Arc::new);
        let flight = commands(&Handshake::new(Arc::new(options), credentials, readonly).flight());
        assert_eq!(flight, wanted, "{settings}");
    }
}

#[test]
fn full_says_all_in_one_flight() {
    let (sent, agreement) = play("", false, &[MAP, "+OK\r\n", "+OK\r\n"]);
    assert_eq!(sent, format!("HELLO 3|{CLIENT}"));
    assert_eq!(agreement.unwrap(), Agreement { protocol: 3, availability_zone: None });
    let array = "*4\r\n+proto\r\n:2\r\n$17\r\navailability_zone\r\n$1\r\na\r\n";
    let (sent, agreement) = play(
        "protocol=2 username=u password=p client_name=n db=1",
        true,
        &[array, "+OK\r\n", "+OK\r\n", "-ERR unknown subcommand\r\n", "+OK\r\n", "+OK\r\n"],
    );
    assert_eq!(sent, format!("HELLO 2 AUTH u p|CLIENT SETNAME n|{CLIENT}|SELECT 1|READONLY"));
    let zone = Some("a".into());
    assert_eq!(agreement.unwrap(), Agreement { protocol: 2, availability_zone: zone });
    let (sent, _) = play("client_info=no", false, &[MAP]);
    assert_eq!(sent, "HELLO 3");
}

#[test]
fn old_servers_are_asked_again_without_hello() {
    for refusal in [
        "-ERR unknown command `HELLO`, with args beginning with: `3`, \r\n",
        "-NOPROTO unsupported protocol version\r\n",
        "-NOPERM this user has no permissions to run the 'hello' command\r\n",
    ] {
        let (sent, agreement) =
            play("client_info=no db=1", false, &[refusal, "+OK\r\n", "+OK\r\n"]);
        assert_eq!(sent, "HELLO 3|SELECT 1 // SELECT 1");
        assert_eq!(agreement.unwrap().protocol, 2);
    }
    // Nothing is left to say.
    let refusal = "-ERR unknown command 'HELLO'\r\n";
    let options = options("client_info=no");
    let credentials = options.credentials().map(Arc::new);
    let mut handshake = Handshake::new(Arc::new(options), credentials, false);
    handshake.flight();
    let reply = crate::resp::Reply::from_resp(refusal.as_bytes()).unwrap();
    assert_eq!(handshake.take(reply.root()).unwrap(), Progress::Send);
    assert!(handshake.flight().is_empty());
    // What was refused for want of a password comes again after AUTH.
    let noauth = "-NOAUTH Authentication required.\r\n";
    let (sent, agreement) =
        play("client_info=no password=p db=1", false, &[refusal, noauth, "+OK\r\n", "+OK\r\n"]);
    assert_eq!(sent, "HELLO 3 AUTH default p|SELECT 1 // AUTH p|SELECT 1");
    assert!(agreement.is_ok());
}

#[test]
fn what_only_helps_people_may_be_refused() {
    let noperm = "-NOPERM no\r\n";
    let (_, agreement) =
        play("client_name=n db=1", false, &[MAP, noperm, noperm, noperm, "+OK\r\n"]);
    assert!(agreement.is_ok());
}

#[test]
fn refusals() {
    use Status::*;
    let unknown =
        "-ERR unknown command `HELLO`, with args beginning with: `3` `AUTH` `u` `sesame`\r\n";
    for (settings, script, status, says) in [
        ("password=sesame", &["-WRONGPASS invalid\r\n"][..], Auth, "password"),
        ("", &["-NOAUTH HELLO must be called\r\n"], Auth, "set the option password"),
        ("password=sesame", &[unknown, "-ERR invalid password\r\n"], Auth, "password"),
        (
            "password=sesame",
            &[unknown, "-ERR Client sent AUTH, but no password is set\r\n"],
            Auth,
            "leave",
        ),
        (
            "handshake=minimal password=sesame",
            &[
                "-ERR AUTH <password> called without any password configured for the default user.\r\n",
            ],
            Auth,
            "leave",
        ),
        (
            "username=u password=sesame",
            &[unknown, "-ERR wrong number of arguments for 'auth' command\r\n"],
            Auth,
            "username",
        ),
        ("handshake=minimal password=sesame", &["-NOPERM no\r\n"], Auth, "ACL"),
        ("handshake=minimal password=sesame", &["-NOAUTH no\r\n"], Auth, "password"),
        ("protocol=3 password=sesame", &[unknown], Config, "protocol=auto"),
        ("protocol=3", &["-NOPROTO unsupported\r\n"], Config, "protocol=auto"),
        ("handshake=minimal db=1", &["-ERR DB index is out of range\r\n"], Config, "option db"),
        ("handshake=minimal db=1", &["-NOPERM no\r\n"], Auth, "SELECT 1"),
        ("handshake=minimal db=1", &["-NOAUTH no\r\n"], Auth, "password"),
        (
            "handshake=minimal client_name=n",
            &["-ERR Client names cannot\r\n"],
            Config,
            "client_name",
        ),
        ("", &["-LOADING Redis is loading\r\n"], Loading, "loading"),
        ("", &["-ERR max number of clients reached\r\n"], Connection, "maxclients"),
        ("", &["-DENIED Redis is running in protected mode\r\n"], Connection, "protected"),
        ("", &["+OK\r\n"], Protocol, "HELLO 3"),
    ] {
        let error = play(&format!("client_info=no {settings}"), false, script).1.unwrap_err();
        assert_eq!(error.status(), status, "{settings} {script:?}: {error}");
        assert!(error.message().contains(says), "{settings} {script:?}: {error}");
        assert!(!error.message().contains("sesame"), "{error}");
    }
}
