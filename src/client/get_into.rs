//! GET into memory of the caller's: no reply, and no copy but of what came with the first receive.

use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

use super::client::Client;
use super::exchange::pause;
use super::execution::Execution;
use super::flights::LOOK_INTERVAL;
use super::next::Next;
use super::server_error::server_error;
use super::settings::Settings;
use super::step::Event;
use crate::command::Command;
use crate::connection::Landed;
use crate::deadline::{Deadline, Timeout};
use crate::error::{Error, Result, Status};
use crate::pool::{Access, Standing, Target};
use crate::resp::{Builder, Kind, Reply};
use crate::slot::key_slot;

/// What there is under a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// A value of this length, which is in the caller's memory.
    Value(usize),
    /// A value of this length, which is more than there is room for.
    TooLong(usize),
    /// Nothing.
    Nothing,
}

/// What came of one try.
enum Tried {
    Found(Found),
    /// The execution says how it goes on.
    Event(Event),
}

impl Client {
    /// Receives the value of a string key into `room`. A read like any other: redirects are followed, and it is sent
    /// again where that is of use, within the option `command_timeout`. What stands in `room` behind the value, or
    /// after anything but a value, is not defined.
    ///
    /// # Errors
    /// SERVER where the server answers with an error (WRONGTYPE); else as [`Client::execute`].
    pub fn get_into(&self, key: &[u8], room: &mut [MaybeUninit<u8>]) -> Result<Found> {
        let target = self.pool().target_of(key_slot(key), Access::Read, None)?;
        let command = Command::of(&[b"GET", key]);
        let settings = Settings::default();
        let deadline = self.deadline(Instant::now(), Timeout::Default, None);
        let terms = self.terms(deadline, self.silence(None), &settings);
        let mut execution = Execution::new(terms.rules, target, true);
        let jitter = &mut |bound: Duration| bound.mul_f64(fastrand::f64());
        loop {
            match Next::of(&mut execution, self.pool(), &terms) {
                Next::Send { target, asking } if self.pool().holds_back(&target) => {
                    execution.hold_back(target, asking, LOOK_INTERVAL);
                }
                Next::Send { target, asking } => {
                    let began = Instant::now();
                    match self.try_into(&command, &target, asking, room, deadline) {
                        Tried::Found(found) => return Ok(found),
                        Tried::Event(event) => execution.on(event, began.elapsed(), jitter),
                    }
                }
                Next::Wait { until } => {
                    pause(self.pool(), &terms, execution.awaited_slot(), until);
                }
                Next::Done(reply) => return found_in(&reply?, room),
            }
        }
    }

    fn try_into(
        &self,
        command: &Command,
        target: &Target,
        asking: bool,
        room: &mut [MaybeUninit<u8>],
        deadline: Deadline,
    ) -> Tried {
        let idle = self.pool().take_idle(target);
        let taken = idle.map_or_else(|| self.pool().take(target, deadline, true, None), Ok);
        let mut lease = match taken {
            Ok(lease) => lease,
            Err(error) => {
                return Tried::Event(Event::Failed { error, sent: false, had_connection: false });
            }
        };
        let found = match lease.connection().command_into(command, asking, room, deadline) {
            Ok(Landed::Whole(length)) => Found::Value(length),
            Ok(Landed::TooLong(length)) => Found::TooLong(length),
            Ok(Landed::Other(reply)) => return Tried::Event(self.trouble(lease, Ok(reply))),
            Err(error) => return Tried::Event(self.trouble(lease, Err(error))),
        };
        match self.pool().take_back_answered(lease) {
            Standing::Good => Tried::Found(found),
            // What it says of data may be out of date.
            Standing::Demoted(node) => match nil() {
                Some(reply) => Tried::Event(Event::Answered {
                    node: *node,
                    reply,
                    by_replica: false,
                    demoted: true,
                }),
                None => Tried::Found(found),
            },
        }
    }
}

/// A reply in place of one that was not made.
fn nil() -> Option<Reply> {
    let mut builder = Builder::new();
    builder.nil();
    builder.finish()
}

/// What a reply says that was not received into `room`.
fn found_in(reply: &Reply, room: &mut [MaybeUninit<u8>]) -> Result<Found> {
    let root = reply.root();
    match (root.kind(), root.bytes()) {
        (Kind::Nil, _) => Ok(Found::Nothing),
        (Kind::Error, _) => Err(server_error(root)),
        (Kind::String, Some(value)) if value.len() > room.len() => Ok(Found::TooLong(value.len())),
        (Kind::String, Some(value)) => {
            for (place, &byte) in room.iter_mut().zip(value) {
                place.write(byte);
            }
            Ok(Found::Value(value.len()))
        }
        _ => Err(Error::new(
            Status::Protocol,
            format!("GET: the answer was {root:?}, where a String or Nil was due"),
        )),
    }
}
