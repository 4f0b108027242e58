//! The C API called as C calls it, as far as that needs no server.

#![allow(unsafe_code)]
// Every block here calls the C API with what its contract allows: NULL, live objects of its own, or
// what the test is about and the function must refuse.
#![allow(clippy::undocumented_unsafe_blocks)]

use std::collections::BTreeSet;
use std::ffi::{CStr, c_char};
use std::ptr::{dangling_mut, null, null_mut};

use rediscluster::ffi::address::*;
use rediscluster::ffi::asynchronous::*;
use rediscluster::ffi::callback::*;
use rediscluster::ffi::cancel::*;
use rediscluster::ffi::checkout::*;
use rediscluster::ffi::client::*;
use rediscluster::ffi::command::*;
use rediscluster::ffi::connection::*;
use rediscluster::ffi::credentials::*;
use rediscluster::ffi::error::*;
use rediscluster::ffi::explanation::*;
use rediscluster::ffi::key::*;
use rediscluster::ffi::message::*;
use rediscluster::ffi::options::*;
use rediscluster::ffi::pipeline::*;
use rediscluster::ffi::pool::*;
use rediscluster::ffi::redirect::*;
use rediscluster::ffi::reply::*;
use rediscluster::ffi::scan::*;
use rediscluster::ffi::script::*;
use rediscluster::ffi::setting::*;
use rediscluster::ffi::stats::*;
use rediscluster::ffi::status::rediscluster_status::*;
use rediscluster::ffi::status::*;
use rediscluster::ffi::subscriber::*;
use rediscluster::ffi::topology::*;
use rediscluster::ffi::transaction::*;
use rediscluster::ffi::version::*;
use rediscluster::resp::Reply;

fn text<'a>(text: *const c_char) -> &'a str {
    assert!(!text.is_null());
    unsafe { CStr::from_ptr(text) }.to_str().expect("UTF-8")
}

/// The call must fail with this status and an error that says so; gives the message.
#[track_caller]
fn fails(
    status: rediscluster_status,
    call: impl FnOnce(*mut *mut rediscluster_error) -> rediscluster_status,
) -> String {
    let mut error = null_mut();
    let answer = call(&mut error);
    let message = text(unsafe { rediscluster_error_message(error) }).to_owned();
    assert_eq!(answer, status, "{message}");
    assert_eq!(unsafe { rediscluster_error_status(error) }, status, "{message}");
    assert!(!message.is_empty());
    unsafe { rediscluster_error_free(error) };
    message
}

/// INVALID_ARGUMENT, and the message names the parameter.
#[track_caller]
fn refuses(
    parameter: &str,
    call: impl FnOnce(*mut *mut rediscluster_error) -> rediscluster_status,
) {
    let message = fails(REDISCLUSTER_ERROR_INVALID_ARGUMENT, call);
    assert!(message.starts_with(parameter), "{parameter}: {message}");
}

#[track_caller]
fn works(call: impl FnOnce(*mut *mut rediscluster_error) -> rediscluster_status) {
    let mut error = null_mut();
    let status = call(&mut error);
    assert_eq!(status, REDISCLUSTER_OK, "{}", text(unsafe { rediscluster_error_message(error) }));
    assert!(error.is_null());
}

/// A pool that has not asked anyone yet.
fn idle_pool() -> *mut rediscluster_pool {
    let (mut options, mut pool) = (null_mut(), null_mut());
    let url = c"redis://127.0.0.1:1?init_slot_cache=no";
    unsafe {
        works(|error| rediscluster_options_from_url(url.as_ptr(), &mut options, error));
        works(|error| rediscluster_pool_new(options, &mut pool, error));
        rediscluster_options_free(options);
    }
    pool
}

fn reply_of(resp: &[u8]) -> *mut rediscluster_reply {
    Reply::from_resp(resp).expect("RESP").into_raw().as_ptr().cast()
}

#[test]
#[allow(clippy::too_many_lines)] // one line a function
fn null_is_answered_by_every_function() {
    unsafe {
        // What takes nothing.
        let parts = env!("CARGO_PKG_VERSION").split('.').map(|part| part.parse::<u32>());
        let number = parts.fold(0, |sum, part| sum * 100 + part.expect("a number"));
        assert_eq!(rediscluster_version(), number);
        assert_eq!(text(rediscluster_version_string()), env!("CARGO_PKG_VERSION"));
        assert_eq!(text(rediscluster_status_name(0)), "OK");
        assert!(rediscluster_options_count() > 0);
        assert!(rediscluster_options_name(usize::MAX).is_null());
        assert!(rediscluster_options_type(usize::MAX).is_null());
        assert!(rediscluster_options_default(usize::MAX).is_null());
        assert!(rediscluster_options_doc(usize::MAX).is_null());

        // Errors.
        assert_eq!(rediscluster_error_status(null()), REDISCLUSTER_OK);
        assert_eq!(text(rediscluster_error_message(null())), "");
        assert_eq!(text(rediscluster_error_node(null())), "");
        assert_eq!(rediscluster_error_slot(null()), -1);
        assert_eq!(text(rediscluster_error_server_code(null())), "");
        assert!(!rediscluster_error_is_retryable(null()));
        assert!(!rediscluster_error_maybe_executed(null()));
        assert_eq!(rediscluster_error_attempt_count(null()), 0);
        assert!(rediscluster_error_attempt(null(), 0).is_null());
        assert_eq!(text(rediscluster_attempt_node(null())), "");
        assert_eq!(rediscluster_attempt_elapsed_ms(null()), 0);
        assert_eq!(text(rediscluster_attempt_cause(null())), "");
        rediscluster_error_free(null_mut());

        // Options.
        let mut options = dangling_mut();
        refuses("out", |error| rediscluster_options_new(null_mut(), error));
        refuses("url", |error| rediscluster_options_from_url(null(), &mut options, error));
        assert!(options.is_null());
        options = dangling_mut();
        refuses("options", |error| rediscluster_options_clone(null(), &mut options, error));
        assert!(options.is_null());
        refuses("options", |error| rediscluster_options_set(null_mut(), null(), null(), error));
        assert!(rediscluster_options_get(null(), null()).is_null());
        refuses("options", |error| {
            rediscluster_options_set_log(null_mut(), None, null_mut(), None, error)
        });
        refuses("options", |error| {
            rediscluster_options_set_credentials(null_mut(), None, null_mut(), None, error)
        });
        refuses("options", |error| {
            rediscluster_options_set_translate(null_mut(), None, null_mut(), None, error)
        });
        refuses("options", |error| {
            rediscluster_options_set_resolve(null_mut(), None, null_mut(), None, error)
        });
        rediscluster_options_free(null_mut());

        // Pools.
        let (pool, mut out) = (null_mut(), dangling_mut());
        refuses("options", |error| rediscluster_pool_new(null(), &mut out, error));
        assert!(out.is_null());
        let mut out = dangling_mut();
        refuses("pool", |error| rediscluster_pool_get_by_slot(pool, 0, 1, 0, &mut out, error));
        assert!(out.is_null());
        out = dangling_mut();
        refuses("pool", |error| {
            rediscluster_pool_get_by_key(pool, null(), 0, 1, 0, &mut out, error)
        });
        assert!(out.is_null());
        out = dangling_mut();
        refuses("pool", |error| rediscluster_pool_get_by_node(pool, null(), 0, &mut out, error));
        assert!(out.is_null());
        out = dangling_mut();
        refuses("pool", |error| rediscluster_pool_get_random(pool, 0, &mut out, error));
        assert!(out.is_null());
        refuses("pool", |error| rediscluster_pool_moved(pool, 0, null(), error));
        out = dangling_mut();
        refuses("pool", |error| rediscluster_pool_ask(pool, null(), 0, &mut out, error));
        assert!(out.is_null());
        refuses("pool", |error| rediscluster_pool_release(pool, null_mut(), error));
        refuses("pool", |error| rediscluster_pool_refresh(pool, 0, error));
        refuses("pool", |error| rediscluster_pool_reset(pool, 0, error));
        refuses("pool", |error| rediscluster_pool_disconnect(pool, error));
        refuses("pool", |error| rediscluster_pool_close(pool, error));
        refuses("pool", |error| rediscluster_pool_maintain(pool, 0, null_mut(), error));
        refuses("pool", |error| rediscluster_pool_reload_tls(pool, error));
        refuses("pool", |error| rediscluster_pool_update_credentials(pool, null(), null(), error));
        let mut stats = dangling_mut();
        refuses("pool", |error| rediscluster_pool_stats(pool, &mut stats, error));
        assert!(stats.is_null());
        let mut topology = dangling_mut();
        refuses("pool", |error| rediscluster_pool_topology(pool, &mut topology, error));
        assert!(topology.is_null());
        rediscluster_pool_free(null_mut());

        // Connections.
        let (none, mut reply) = (null_mut(), dangling_mut());
        refuses("connection", |error| {
            rediscluster_connection_command(none, null(), 0, &mut reply, error)
        });
        assert!(reply.is_null());
        refuses("reply", |error| {
            rediscluster_connection_command(none, null(), 0, null_mut(), error)
        });
        refuses("connection", |error| rediscluster_connection_append(none, null(), error));
        refuses("connection", |error| rediscluster_connection_flush(none, 0, error));
        reply = dangling_mut();
        refuses("connection", |error| rediscluster_connection_read(none, 0, &mut reply, error));
        assert!(reply.is_null());
        assert!(rediscluster_connection_node(none).is_null());
        assert_eq!(rediscluster_connection_fd(none), -1);
        assert!(!rediscluster_connection_is_readonly(none));
        assert!(rediscluster_connection_is_broken(none));
        refuses("connection", |error| rediscluster_connection_interrupt(none, error));
        refuses("connection", |error| rediscluster_connection_release(none, error));

        // Commands.
        let mut command = dangling_mut();
        refuses("out", |error| rediscluster_command_new(null_mut(), error));
        refuses("argc", |error| {
            rediscluster_command_from_argv(0, null(), null(), &mut command, error)
        });
        assert!(command.is_null());
        refuses("argv", |error| {
            rediscluster_command_from_argv(1, null(), null(), &mut command, error)
        });
        refuses("command", |error| rediscluster_command_append(null_mut(), null(), 0, error));
        refuses("command", |error| {
            rediscluster_command_append_packed(null_mut(), null(), null(), 0, error)
        });
        rediscluster_command_clear(null_mut());
        rediscluster_command_free(null_mut());

        // Replies.
        let mut len = 7;
        assert_eq!(rediscluster_reply_kind(null()), rediscluster_kind::REDISCLUSTER_REPLY_NIL);
        assert!(rediscluster_reply_bytes(null(), &mut len).is_null());
        assert_eq!(len, 0);
        assert_eq!(rediscluster_reply_integer(null()), 0);
        assert_eq!(rediscluster_reply_double(null()), 0.0);
        assert!(!rediscluster_reply_boolean(null()));
        assert_eq!(rediscluster_reply_count(null()), 0);
        assert!(rediscluster_reply_at(null(), 0).is_null());
        assert!(rediscluster_reply_next(null()).is_null());
        assert!(rediscluster_reply_attributes(null()).is_null());
        rediscluster_reply_cells(null(), null_mut(), null_mut(), null_mut());
        refuses("reply", |error| rediscluster_reply_check(null(), error));
        rediscluster_reply_free(null_mut());

        // Clients and what hangs on them.
        assert_eq!(
            rediscluster_error_key_fate(null(), 0),
            rediscluster_key_fate::REDISCLUSTER_KEY_NONE
        );
        {
            let mut out = dangling_mut();
            refuses("pool", |error| {
                rediscluster_pool_get_for_command(null_mut(), null(), 0, &mut out, error)
            });
            assert!(out.is_null(), "rediscluster_pool_get_for_command");
        }
        refuses("out", |error| rediscluster_cancel_new(null_mut(), error));
        rediscluster_cancel_fire(null());
        rediscluster_cancel_free(null_mut());
        refuses("command", |error| rediscluster_command_set_timeout(null_mut(), 0, error));
        refuses("command", |error| rediscluster_command_set_route(null_mut(), 0, 0, null(), error));
        refuses("command", |error| rediscluster_command_set_read_from(null_mut(), 0, error));
        refuses("command", |error| rediscluster_command_set_cancel(null_mut(), null(), error));
        {
            let mut out = dangling_mut();
            refuses("options", |error| rediscluster_client_new(null(), &mut out, error));
            assert!(out.is_null(), "rediscluster_client_new");
        }
        {
            let mut out = dangling_mut();
            refuses("pool", |error| rediscluster_client_with_pool(null_mut(), &mut out, error));
            assert!(out.is_null(), "rediscluster_client_with_pool");
        }
        {
            let mut out = dangling_mut();
            refuses("client", |error| {
                rediscluster_client_execute(null_mut(), null(), &mut out, error)
            });
            assert!(out.is_null(), "rediscluster_client_execute");
        }
        {
            let mut out = dangling_mut();
            refuses("client", |error| {
                rediscluster_client_command(null_mut(), 0, null(), null(), &mut out, error)
            });
            assert!(out.is_null(), "rediscluster_client_command");
        }
        assert!(rediscluster_client_pool(null_mut()).is_null());
        rediscluster_client_free(null_mut());
        {
            let mut out = dangling_mut();
            refuses("client", |error| {
                rediscluster_client_explain(null_mut(), null(), &mut out, error)
            });
            assert!(out.is_null(), "rediscluster_client_explain");
        }
        assert_eq!(rediscluster_explanation_slot(null()), -1);
        assert_eq!(rediscluster_explanation_key_count(null()), 0);
        assert_eq!(rediscluster_explanation_key(null(), 0), -1);
        assert_eq!(rediscluster_explanation_node_count(null()), 0);
        assert!(rediscluster_explanation_node(null(), 0).is_null());
        assert_eq!(text(rediscluster_explanation_reason(null())), "");
        rediscluster_explanation_free(null_mut());
        {
            let mut out = dangling_mut();
            refuses("client", |error| rediscluster_pipeline_new(null_mut(), &mut out, error));
            assert!(out.is_null(), "rediscluster_pipeline_new");
        }
        refuses("pipeline", |error| rediscluster_pipeline_append(null_mut(), null(), error));
        refuses("pipeline", |error| {
            rediscluster_pipeline_append_argv(null_mut(), 0, null(), null(), error)
        });
        refuses("pipeline", |error| rediscluster_pipeline_set_cancel(null_mut(), null(), error));
        refuses("pipeline", |error| rediscluster_pipeline_execute(null_mut(), 0, error));
        refuses("pipeline", |error| {
            rediscluster_pipeline_append_script(null_mut(), null(), null(), error)
        });
        assert_eq!(rediscluster_pipeline_count(null()), 0);
        assert!(rediscluster_pipeline_reply(null(), 0).is_null());
        assert!(rediscluster_pipeline_take_reply(null_mut(), 0).is_null());
        assert!(rediscluster_pipeline_error(null(), 0).is_null());
        rediscluster_pipeline_clear(null_mut());
        rediscluster_pipeline_free(null_mut());
        {
            let mut out = dangling_mut();
            refuses("client", |error| rediscluster_transaction_new(null_mut(), &mut out, error));
            assert!(out.is_null(), "rediscluster_transaction_new");
        }
        refuses("transaction", |error| {
            rediscluster_transaction_set_cancel(null_mut(), null(), error)
        });
        refuses("transaction", |error| {
            rediscluster_transaction_watch(null_mut(), null(), 0, 0, error)
        });
        {
            let mut out = dangling_mut();
            refuses("transaction", |error| {
                rediscluster_transaction_execute(null_mut(), null(), &mut out, error)
            });
            assert!(out.is_null(), "rediscluster_transaction_execute");
        }
        refuses("transaction", |error| rediscluster_transaction_append(null_mut(), null(), error));
        {
            let mut out = dangling_mut();
            refuses("transaction", |error| {
                rediscluster_transaction_exec(null_mut(), 0, &mut out, error)
            });
            assert!(out.is_null(), "rediscluster_transaction_exec");
        }
        refuses("transaction", |error| rediscluster_transaction_discard(null_mut(), error));
        rediscluster_transaction_free(null_mut());
        {
            let mut out = dangling_mut();
            refuses("source", |error| rediscluster_script_new(null(), 1, 1, &mut out, error));
            assert!(out.is_null(), "rediscluster_script_new");
        }
        assert_eq!(text(rediscluster_script_sha(null())), "");
        {
            let mut out = dangling_mut();
            refuses("script", |error| {
                rediscluster_script_execute(null(), null_mut(), null(), &mut out, error)
            });
            assert!(out.is_null(), "rediscluster_script_execute");
        }
        {
            let mut out = dangling_mut();
            refuses("script", |error| {
                rediscluster_script_call(null(), null_mut(), 0, 0, null(), null(), &mut out, error)
            });
            assert!(out.is_null(), "rediscluster_script_call");
        }
        rediscluster_script_free(null_mut());
        {
            let mut out = dangling_mut();
            refuses("client", |error| {
                rediscluster_scan_new(null_mut(), null(), 0, 0, null(), &mut out, error)
            });
            assert!(out.is_null(), "rediscluster_scan_new");
        }
        refuses("scan", |error| rediscluster_scan_set_timeout(null_mut(), 0, error));
        {
            let mut out = dangling_mut();
            refuses("scan", |error| rediscluster_scan_next(null_mut(), &mut out, error));
            assert!(out.is_null(), "rediscluster_scan_next");
        }
        rediscluster_scan_free(null_mut());
        {
            let mut out = dangling_mut();
            refuses("client", |error| rediscluster_async_new(null_mut(), &mut out, error));
            assert!(out.is_null(), "rediscluster_async_new");
        }
        refuses("asynchronous", |error| rediscluster_async_submit(null_mut(), null(), 0, error));
        refuses("asynchronous", |error| rediscluster_async_cancel(null_mut(), 0, error));
        refuses("asynchronous", |error| rediscluster_async_close(null_mut(), error));
        {
            let mut count = 7;
            refuses("asynchronous", |error| {
                rediscluster_async_poll(null_mut(), null_mut(), 0, 0, &mut count, error)
            });
            assert_eq!(count, 0, "rediscluster_async_poll");
            refuses("count", |error| {
                rediscluster_async_poll(null_mut(), null_mut(), 0, 0, null_mut(), error)
            });
        }
        assert_eq!(rediscluster_async_fd(null()), -1);
        assert_eq!(rediscluster_async_next_timeout(null()), -1);
        rediscluster_async_free(null_mut());
        {
            let mut out = dangling_mut();
            refuses("client", |error| rediscluster_subscriber_new(null_mut(), &mut out, error));
            assert!(out.is_null(), "rediscluster_subscriber_new");
        }
        refuses("subscriber", |error| {
            rediscluster_subscriber_subscribe(null_mut(), null(), 0, 0, error)
        });
        refuses("subscriber", |error| {
            rediscluster_subscriber_psubscribe(null_mut(), null(), 0, 0, error)
        });
        refuses("subscriber", |error| {
            rediscluster_subscriber_ssubscribe(null_mut(), null(), 0, 0, error)
        });
        refuses("subscriber", |error| {
            rediscluster_subscriber_unsubscribe(null_mut(), null(), 0, error)
        });
        refuses("subscriber", |error| {
            rediscluster_subscriber_punsubscribe(null_mut(), null(), 0, error)
        });
        refuses("subscriber", |error| {
            rediscluster_subscriber_sunsubscribe(null_mut(), null(), 0, error)
        });
        {
            let mut out = dangling_mut();
            refuses("subscriber", |error| {
                rediscluster_subscriber_next(null_mut(), 0, &mut out, error)
            });
            assert!(out.is_null(), "rediscluster_subscriber_next");
        }
        assert_eq!(rediscluster_subscriber_fd(null_mut()), -1);
        refuses("subscriber", |error| rediscluster_subscriber_interrupt(null_mut(), error));
        rediscluster_subscriber_free(null_mut());
        assert_eq!(
            rediscluster_message_kind(null()),
            rediscluster_message_type::REDISCLUSTER_MESSAGE_NONE
        );
        assert_eq!(
            rediscluster_message_subscription(null()),
            rediscluster_subscription::REDISCLUSTER_SUBSCRIPTION_CHANNEL
        );
        assert!(rediscluster_message_channel(null(), null_mut()).is_null());
        assert!(rediscluster_message_pattern(null(), null_mut()).is_null());
        assert!(rediscluster_message_payload(null(), null_mut()).is_null());
        assert_eq!(text(rediscluster_message_node(null())), "");
        refuses("message", |error| rediscluster_message_check(null(), error));
        rediscluster_message_free(null_mut());

        // Topology and statistics.
        let mut slot = 7;
        assert_eq!(rediscluster_topology_version(null()), 0);
        assert_eq!(rediscluster_topology_node_count(null()), 0);
        assert!(rediscluster_topology_node(null(), 0).is_null());
        assert!(rediscluster_topology_slot_node(null(), 0, 0).is_null());
        assert_eq!(rediscluster_topology_nodes_by_role(null(), 1, null_mut(), 9), 0);
        rediscluster_topology_free(null_mut());
        assert_eq!(text(rediscluster_node_id(null())), "");
        assert_eq!(text(rediscluster_node_address(null())), "");
        assert_eq!(text(rediscluster_node_host(null())), "");
        assert_eq!(rediscluster_node_port(null()), 0);
        assert_eq!(text(rediscluster_node_announced_host(null())), "");
        assert_eq!(rediscluster_node_announced_port(null()), 0);
        assert_eq!(rediscluster_node_role(null()), rediscluster_role::REDISCLUSTER_ROLE_UNKNOWN);
        assert_eq!(rediscluster_node_primary(null()), -1);
        assert_eq!(text(rediscluster_node_zone(null())), "");
        assert_eq!(
            rediscluster_node_health(null()),
            rediscluster_health::REDISCLUSTER_HEALTH_UNKNOWN
        );
        assert_eq!(rediscluster_node_slot_range_count(null()), 0);
        assert!(!rediscluster_node_slot_range(null(), 0, &mut slot, null_mut()));
        assert_eq!(slot, -1);
        assert_eq!(rediscluster_stats_get(null(), null(), 1), -1);
        rediscluster_stats_free(null_mut());

        // Keys.
        assert_eq!(rediscluster_key_slot(null(), 0), 0);
        assert_eq!(rediscluster_key_slot(null(), 1), -1);
        assert_eq!(rediscluster_key_slot(c"x".as_ptr().cast(), usize::MAX), -1);
        assert_eq!(rediscluster_key_slot(c"123456789".as_ptr().cast(), 9), 0x31C3);
    }
}

#[test]
fn the_walk_above_leaves_no_function_out() {
    let header = concat!(env!("CARGO_MANIFEST_DIR"), "/include/rediscluster.h");
    let header = std::fs::read_to_string(header).expect("include/rediscluster.h");
    let walk = include_str!("ffi.rs").split("#[test]").nth(1).expect("the walk");
    let functions: BTreeSet<_> = header
        .lines()
        .filter(|line| !line.starts_with([' ', '/', '#']) && !line.starts_with("typedef"))
        .filter_map(|line| line.split_once('(')?.0.rsplit([' ', '*']).next())
        .collect();
    assert!(functions.len() > 60);
    for function in functions {
        assert!(walk.contains(&format!("{function}(")), "{function}");
    }
}

#[test]
fn statuses_have_names_of_their_own() {
    let named = (-5..200).map(|number| (number, text(rediscluster_status_name(number))));
    let known: Vec<_> = named.filter(|(_, name)| *name != "UNKNOWN").collect();
    assert_eq!(known.len(), 28);
    assert_eq!(known.iter().map(|(_, name)| name).collect::<BTreeSet<_>>().len(), 28);
    assert_eq!(known.last(), Some(&(99, "INTERNAL")));
    assert_eq!(text(rediscluster_status_name(i32::MIN)), "UNKNOWN");
}

#[test]
fn what_is_out_of_range_is_named() {
    let pool = idle_pool();
    let mut out = dangling_mut();
    unsafe {
        for slot in [-1, 16384, i32::MIN, i32::MAX] {
            refuses("slot", |error| {
                rediscluster_pool_get_by_slot(pool, slot, 1, 0, &mut out, error)
            });
            assert!(out.is_null());
            refuses("slot", |error| rediscluster_pool_moved(pool, slot, c"a:1".as_ptr(), error));
        }
        for node in
            [c"a\nb:1", c"\xff:1", c"", c"a", c":6381", c"a:0", c"a:70000", c"?:1", c"a b:1"]
        {
            refuses("node", |error| rediscluster_pool_moved(pool, 0, node.as_ptr(), error));
            refuses("node", |error| rediscluster_pool_ask(pool, node.as_ptr(), 0, &mut out, error));
            assert!(out.is_null());
        }
        for access in [0, 3, -1, i32::MAX] {
            refuses("access", |error| {
                rediscluster_pool_get_by_slot(pool, 0, access, 0, &mut out, error)
            });
            refuses("access", |error| {
                rediscluster_pool_get_by_key(pool, null(), 0, access, 0, &mut out, error)
            });
        }
        for timeout in [-3, i64::MIN] {
            refuses("timeout_ms", |error| {
                rediscluster_pool_get_by_slot(pool, 0, 1, timeout, &mut out, error)
            });
            refuses("timeout_ms", |error| {
                rediscluster_pool_ask(pool, c"a:1".as_ptr(), timeout, &mut out, error)
            });
            refuses("timeout_ms", |error| rediscluster_pool_refresh(pool, timeout, error));
            refuses("timeout_ms", |error| {
                rediscluster_connection_flush(dangling_mut(), timeout, error)
            });
        }
        refuses("budget_ms", |error| rediscluster_pool_maintain(pool, -2, null_mut(), error));
        let key = [0_u8; 1];
        refuses("key", |error| {
            rediscluster_pool_get_by_key(pool, key.as_ptr(), usize::MAX, 1, 0, &mut out, error)
        });
        refuses("node", |error| {
            rediscluster_pool_get_by_node(pool, c"a\nb".as_ptr(), 0, &mut out, error)
        });
        for (user, password, named) in
            [(c"a\nb", c"x", "username"), (c"a", c"x\n", "password"), (c"a", c"", "password")]
        {
            refuses(named, |error| {
                rediscluster_pool_update_credentials(pool, user.as_ptr(), password.as_ptr(), error)
            });
        }
        refuses("node", |error| {
            rediscluster_pool_get_by_node(pool, c"\xff".as_ptr(), 0, &mut out, error)
        });
        rediscluster_pool_free(pool);
    }
}

#[test]
fn a_number_that_is_no_connection_is_not_checked_out() {
    let pool = idle_pool();
    let mut command = null_mut();
    works(|error| unsafe { rediscluster_command_new(&mut command, error) });
    works(|error| unsafe {
        rediscluster_command_append(command, c"PING".as_ptr().cast(), 4, error)
    });
    for bits in [1, 2, u64::MAX, 1 << 63, 1 << 63 | 1, 0x7fff_dead_beef] {
        let connection = std::ptr::without_provenance_mut(bits as usize);
        let mut reply = dangling_mut();
        unsafe {
            let release = |error: *mut *mut _| rediscluster_connection_release(connection, error);
            let mut error = null_mut();
            let status = release(&mut error);
            rediscluster_error_free(error);
            // Of another process, if the bits say so; nothing else.
            assert!(matches!(
                status,
                REDISCLUSTER_ERROR_NOT_CHECKED_OUT | REDISCLUSTER_ERROR_FORKED
            ));
            fails(status, |error| rediscluster_pool_release(pool, connection, error));
            fails(status, |error| rediscluster_connection_interrupt(connection, error));
            fails(status, |error| {
                rediscluster_connection_command(connection, command, 0, &mut reply, error)
            });
            assert!(reply.is_null());
            assert!(rediscluster_connection_is_broken(connection));
            assert_eq!(rediscluster_connection_fd(connection), -1);
        }
    }
    unsafe {
        rediscluster_command_free(command);
        rediscluster_pool_free(pool);
    }
}

#[test]
fn a_pool_that_asked_nobody_and_then_is_closed() {
    let pool = idle_pool();
    let (mut topology, mut stats, mut out) = (null_mut(), null_mut(), null_mut());
    let mut next = 0;
    unsafe {
        works(|error| rediscluster_pool_topology(pool, &mut topology, error));
        works(|error| rediscluster_pool_stats(pool, &mut stats, error));
        works(|error| rediscluster_pool_maintain(pool, 0, &mut next, error));
        assert_eq!(next, -1);
        let secret = c"secret".as_ptr();
        works(|error| rediscluster_pool_update_credentials(pool, null(), secret, error));
        works(|error| rediscluster_pool_disconnect(pool, error));
        works(|error| rediscluster_pool_close(pool, error));
        works(|error| rediscluster_pool_close(pool, error));
        fails(REDISCLUSTER_ERROR_CLOSED, |error| {
            rediscluster_pool_get_random(pool, -1, &mut out, error)
        });
        rediscluster_pool_free(pool);
        // They outlive the pool.
        assert_eq!(rediscluster_topology_version(topology), 0);
        assert_eq!(rediscluster_topology_node_count(topology), 0);
        assert!(rediscluster_topology_slot_node(topology, 0, 0).is_null());
        assert!(rediscluster_topology_slot_node(topology, -1, 0).is_null());
        assert_eq!(rediscluster_stats_get(stats, null(), 1), 0);
        assert_eq!(rediscluster_stats_get(stats, null(), 0), -1);
        assert_eq!(rediscluster_stats_get(stats, null(), 99), -1);
        assert_eq!(rediscluster_stats_get(stats, c"nobody:1".as_ptr(), 1), -1);
        rediscluster_topology_free(topology);
        rediscluster_stats_free(stats);
    }
}

#[test]
fn commands_from_arrays_and_packed() {
    let argv = [c"SET".as_ptr(), c"key".as_ptr(), null()];
    let (mut command, mut other) = (null_mut(), null_mut());
    unsafe {
        works(|error| {
            rediscluster_command_from_argv(2, argv.as_ptr(), null(), &mut command, error)
        });
        // With lengths NULL may be empty, without them it is a mistake.
        let lengths = [3, 3, 0];
        works(|error| {
            rediscluster_command_from_argv(3, argv.as_ptr(), lengths.as_ptr(), &mut other, error)
        });
        rediscluster_command_free(other);
        refuses("argv", |error| {
            rediscluster_command_from_argv(3, argv.as_ptr(), null(), &mut other, error)
        });
        assert!(other.is_null());
        refuses("argv", |error| {
            rediscluster_command_from_argv(usize::MAX, argv.as_ptr(), null(), &mut other, error)
        });
        let lengths = [1_usize, 0, 2];
        works(|error| {
            rediscluster_command_append_packed(
                command,
                c"abc".as_ptr().cast(),
                lengths.as_ptr(),
                3,
                error,
            )
        });
        refuses("lengths", |error| {
            let lengths = [usize::MAX, 2];
            let data = c"abc".as_ptr().cast();
            rediscluster_command_append_packed(command, data, lengths.as_ptr(), 2, error)
        });
        refuses("data", |error| {
            rediscluster_command_append_packed(command, null(), lengths.as_ptr(), 3, error)
        });
        rediscluster_command_clear(command);
        rediscluster_command_free(command);
    }
}

#[test]
fn replies_are_read_in_place() {
    let root = reply_of(b"*4\r\n$3\r\nabc\r\n:-5\r\n*2\r\n+OK\r\n#t\r\n,1.5\r\n");
    unsafe {
        assert_eq!(rediscluster_reply_count(root), 4);
        let mut len = 0;
        let first = rediscluster_reply_at(root, 0);
        let bytes = rediscluster_reply_bytes(first, &mut len);
        assert_eq!(std::slice::from_raw_parts(bytes, len + 1), b"abc\0");
        let second = rediscluster_reply_next(first);
        assert_eq!(rediscluster_reply_integer(second), -5);
        assert_eq!(second, rediscluster_reply_at(root, 1));
        assert_eq!(rediscluster_reply_double(second), 0.0);
        let third = rediscluster_reply_next(second);
        assert!(rediscluster_reply_boolean(rediscluster_reply_at(third, 1)));
        let last = rediscluster_reply_next(third);
        assert_eq!(rediscluster_reply_double(last), 1.5);
        assert!(rediscluster_reply_next(last).is_null());
        assert!(rediscluster_reply_next(root).is_null());
        assert!(rediscluster_reply_at(root, 4).is_null());

        let (mut cells, mut count, mut size) = (null(), 0, 0);
        rediscluster_reply_cells(root, &mut cells, &mut count, &mut size);
        assert_eq!((cells.cast::<rediscluster_reply>(), count), (root.cast_const(), 7));
        let all = std::slice::from_raw_parts(cells, count);
        assert_eq!((all[0].span, all[3].span), (7, 3));
        assert_eq!(all[0].flags & REDISCLUSTER_CELL_ROOT, REDISCLUSTER_CELL_ROOT);
        assert_eq!(all[6].flags & REDISCLUSTER_CELL_LAST, REDISCLUSTER_CELL_LAST);
        let text = cells.add(1).byte_offset(all[1].offset as isize).cast::<u8>();
        assert_eq!(std::slice::from_raw_parts(text, all[1].value.length as usize), b"abc");
        assert!(text.addr() + 4 <= cells.addr() + size);
        rediscluster_reply_cells(third, &mut cells, &mut count, &mut size);
        assert_eq!((cells, count, size), (null(), 0, 0));

        // A part is refused, and the whole is as it was.
        rediscluster_reply_free(third.cast_mut());
        assert_eq!(rediscluster_reply_count(root), 4);
        works(|error| rediscluster_reply_check(root, error));
        rediscluster_reply_free(root);
    }
}

#[test]
fn an_error_reply_becomes_a_status_without_its_arguments() {
    let resp = b"-ERR unknown command 'FOO', with args beginning with: 'secret' \r\n";
    let reply = reply_of(resp);
    let mut error = null_mut();
    unsafe {
        assert_eq!(rediscluster_reply_check(reply, null_mut()), REDISCLUSTER_ERROR_SERVER);
        assert_eq!(rediscluster_reply_check(reply, &mut error), REDISCLUSTER_ERROR_SERVER);
        rediscluster_reply_free(reply);
        assert_eq!(text(rediscluster_error_server_code(error)), "ERR");
        assert_eq!(text(rediscluster_error_message(error)), "ERR unknown command 'FOO'");
        assert_eq!(rediscluster_error_slot(error), -1);
        assert!(!rediscluster_error_is_retryable(error));
        rediscluster_error_free(error);
    }
}
