//! The session told of commands and replies.

use super::*;

fn arrives(session: &mut Session, resp: &str) -> Arrival {
    session.arrives(&Reply::from_resp(resp.as_bytes()).unwrap())
}

/// `>3 kind channel count` in RESP3, an array in RESP2.
fn confirmation(session: &Session, kind: &str, count: i64) -> String {
    let mark = if session.protocol() == 3 { '>' } else { '*' };
    format!("{mark}3\r\n+{kind}\r\n+channel\r\n:{count}\r\n")
}

#[test]
fn replies_are_counted_and_a_surplus_is_stray() {
    let mut session = Session::new(2);
    session.sent(Effect::None, 1);
    session.sent(Effect::None, 1);
    assert_eq!(session.owed(), 2);
    assert_eq!(arrives(&mut session, "+OK\r\n"), Arrival::Owed);
    assert!(!session.is_plain());
    assert_eq!(arrives(&mut session, "*1\r\n$7\r\nmessage\r\n"), Arrival::Owed);
    assert!(session.is_plain());
    assert_eq!(arrives(&mut session, "+OK\r\n"), Arrival::Stray);
}

#[test]
fn subscriptions_in_both_protocols() {
    for protocol in [2, 3] {
        let mut session = Session::new(protocol);
        // A list that looks like a message, asked for before.
        session.sent(Effect::None, 2);
        session.sent(Effect::Subscribe, 2);
        session.sent(Effect::Subscribe, 1);
        let list = "*3\r\n$7\r\nmessage\r\n+channel\r\n+x\r\n";
        assert_eq!(arrives(&mut session, list), Arrival::Owed);
        let confirm = confirmation(&session, "subscribe", 1);
        assert_eq!(arrives(&mut session, &confirm), Arrival::Owed);
        assert_eq!(arrives(&mut session, &confirm), Arrival::Push);
        assert_eq!(session.owed(), 1);
        assert_eq!(arrives(&mut session, &confirm), Arrival::Owed);
        let message = confirmation(&session, "message", 0);
        assert_eq!(arrives(&mut session, &message), Arrival::Push);
        session.sent(Effect::None, 0);
        let pong = if protocol == 2 { "*2\r\n+pong\r\n$0\r\n\r\n" } else { "+PONG\r\n" };
        assert_eq!(arrives(&mut session, pong), Arrival::Owed);
        // The end of all subscriptions: one confirmation each, the first is the reply.
        session.sent(Effect::Unsubscribe, 0);
        let more = confirmation(&session, "unsubscribe", 1);
        let last = confirmation(&session, "unsubscribe", 0);
        assert_eq!(arrives(&mut session, &more), Arrival::Owed);
        assert_eq!(arrives(&mut session, &last), Arrival::Push);
        session.sent(Effect::None, 2);
        assert_eq!(arrives(&mut session, list), Arrival::Owed);
        assert!(session.owed() == 0 && !session.is_plain());
    }
}

#[test]
fn a_refused_subscription_is_answered_by_its_error() {
    let mut session = Session::new(3);
    session.sent(Effect::Subscribe, 1);
    session.sent(Effect::None, 1);
    assert_eq!(arrives(&mut session, ">2\r\n+invalidate\r\n*0\r\n"), Arrival::Push);
    assert_eq!(arrives(&mut session, "-NOPERM no\r\n"), Arrival::Owed);
    assert_eq!(session.owed(), 1);
    assert_eq!(arrives(&mut session, "+value\r\n"), Arrival::Owed);
    assert_eq!(arrives(&mut session, "+value\r\n"), Arrival::Stray);
}

#[test]
fn transactions_end_only_where_the_server_says_so() {
    let cases: [(&[(Effect, &str)], bool); 8] = [
        (&[(Effect::Multi, "+OK\r\n")], false),
        (&[(Effect::Multi, "+OK\r\n"), (Effect::EndMulti, "*0\r\n")], true),
        (&[(Effect::Multi, "+OK\r\n"), (Effect::EndMulti, "-EXECABORT x\r\n")], true),
        (&[(Effect::Multi, "+OK\r\n"), (Effect::EndMulti, "-NOPERM x\r\n")], false),
        (&[(Effect::Watch, "+OK\r\n")], false),
        (&[(Effect::Watch, "-NOPERM x\r\n")], true),
        (&[(Effect::Watch, "+OK\r\n"), (Effect::Unwatch, "+OK\r\n")], true),
        (&[(Effect::Watch, "+OK\r\n"), (Effect::EndMulti, "-ERR without MULTI\r\n")], false),
    ];
    for (commands, plain) in cases {
        let mut session = Session::new(2);
        for (effect, _) in commands {
            session.sent(*effect, 0);
        }
        for (_, reply) in commands {
            assert_eq!(arrives(&mut session, reply), Arrival::Owed);
        }
        assert_eq!(session.is_plain(), plain, "{commands:?}");
    }
}

#[test]
fn client_reply_keeps_replies_back() {
    let mut session = Session::new(2);
    session.sent(Effect::ReplySkip, 2);
    assert!(!session.answers(Effect::None) && !session.is_plain());
    session.sent(Effect::None, 0);
    assert!(session.answers(Effect::None) && session.is_plain());
    session.sent(Effect::ReplyOff, 2);
    session.sent(Effect::None, 0);
    session.sent(Effect::ReplySkip, 2);
    session.sent(Effect::None, 0);
    assert_eq!(session.owed(), 0);
    // A mode entered without a word is taken as entered.
    session.sent(Effect::Multi, 0);
    session.sent(Effect::ReplyOn, 2);
    assert_eq!(session.owed(), 1);
    assert_eq!(arrives(&mut session, "+OK\r\n"), Arrival::Owed);
    assert!(!session.is_plain());
}

#[test]
fn monitor_and_session_changes() {
    let mut session = Session::new(2);
    session.sent(Effect::Monitor, 0);
    assert_eq!(arrives(&mut session, "+OK\r\n"), Arrival::Owed);
    assert_eq!(arrives(&mut session, "+1.0 [0 a] \"GET\"\r\n"), Arrival::Push);
    assert!(session.is_monitor() && !session.is_plain());
    let mut session = Session::new(2);
    session.sent(Effect::Session, 1);
    assert_eq!(arrives(&mut session, "%1\r\n+proto\r\n:3\r\n"), Arrival::Owed);
    assert_eq!((session.protocol(), session.is_plain()), (3, false));
    session.sent(Effect::Session, 0);
    assert_eq!(arrives(&mut session, "+RESET\r\n"), Arrival::Owed);
    assert_eq!(session.protocol(), 2);
}

#[test]
fn asking_lasts_until_the_next_command() {
    for next in [Effect::None, Effect::Unwatch] {
        let mut session = Session::new(2);
        session.sent(Effect::Asking, 0);
        assert_eq!(arrives(&mut session, "+OK\r\n"), Arrival::Owed);
        assert!(session.owed() == 0 && !session.is_plain());
        session.sent(Effect::Asking, 0);
        assert_eq!(arrives(&mut session, "-ERR no cluster\r\n"), Arrival::Owed);
        assert!(!session.is_plain());
        session.sent(next, 1);
        assert!(!session.is_plain());
        assert_eq!(arrives(&mut session, "+OK\r\n"), Arrival::Owed);
        assert!(session.is_plain());
    }
}

#[test]
fn what_a_slot_takes_with_it_confirms_nothing() {
    for protocol in [2, 3] {
        let mut session = Session::new(protocol);
        let confirm = |session: &Session, kind, count| confirmation(session, kind, count);
        session.sent(Effect::Subscribe, 2);
        let text = confirm(&session, "ssubscribe", 1);
        assert_eq!(arrives(&mut session, &text), Arrival::Owed);
        // A slot goes: between two confirmations, and while another subscription is asked for.
        let text = confirm(&session, "sunsubscribe", 0);
        assert_eq!(arrives(&mut session, &text), Arrival::Push);
        let text = confirm(&session, "ssubscribe", 1);
        assert_eq!(arrives(&mut session, &text), Arrival::Push);
        session.sent(Effect::Subscribe, 1);
        let text = confirm(&session, "sunsubscribe", 0);
        assert_eq!(arrives(&mut session, &text), Arrival::Push);
        assert_eq!(session.owed(), 1);
        assert_eq!(arrives(&mut session, "-MOVED 1 a:1\r\n"), Arrival::Owed);
        assert_eq!(session.owed(), 0);
    }
}
