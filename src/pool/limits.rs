//! The two limits: who may have one more connection, and what a get that meets a limit is told.

use std::sync::Arc;

use super::lease::{Place, Stage};
use super::member::MemberKey;
use super::members::Members;
use super::outbox::Outbox;
use super::pool::Core;
use crate::error::{Error, Status};
use crate::os::clock::coarse_millis;

impl Members {
    /// True if the member may have one more connection, if need be in place of another's idle one.
    pub(super) fn has_room(&self, index: usize) -> bool {
        let member = &self.list[index];
        self.limit_per_node.is_none_or(|limit| member.places() < limit)
            && (self.limit.is_none_or(|limit| self.total < limit)
                || self.longest_idle_elsewhere(index).is_some())
    }

    pub(super) fn take_place(
        &mut self,
        core: &Arc<Core>,
        index: usize,
        outbox: &mut Outbox,
    ) -> Place {
        if self.limit.is_some_and(|limit| self.total >= limit)
            && let Some(other) = self.longest_idle_elsewhere(index)
        {
            self.evict(other, outbox);
        }
        self.list[index].dialing += 1;
        self.total += 1;
        Place { core: core.clone(), member: index as u32, seat: 0, stage: Stage::Dialing }
    }

    pub(super) fn longest_idle_elsewhere(&self, index: usize) -> Option<usize> {
        if self.idle == self.list[index].idle.len() {
            return None;
        }
        let oldest = |at: usize| self.list[at].idle.first().map(|lease| lease.idle_order);
        (0..self.list.len())
            .filter(|&at| at != index)
            .filter_map(|at| Some((oldest(at)?, at)))
            .min()
            .map(|(_, at)| at)
    }

    /// Closes the member's connection that has been idle longest, for whoever is given its place.
    pub(super) fn evict(&mut self, index: usize, outbox: &mut Outbox) {
        let member = &mut self.list[index];
        let mut lease = member.idle.remove(0);
        lease.place.stage = Stage::Evicted;
        member.counters.evicted += 1;
        member.leaving += 1;
        self.total -= 1;
        self.idle -= 1;
        outbox.close(lease);
    }

    /// What a get that meets a limit says.
    pub(super) fn full(&self, key: MemberKey, status: Status) -> Error {
        let Some(member) = self.member(key) else {
            return Error::new(status, "the pool is full");
        };
        let now = coarse_millis();
        let by_node = self.limit_per_node.filter(|&limit| member.places() >= limit);
        let (which, option) = match (by_node, self.limit) {
            (Some(limit), _) => {
                (format!("the limit of {limit} a node"), "max_connections_per_node")
            }
            (None, limit) => {
                (format!("the limit of {} in all", limit.unwrap_or(0)), "max_connections")
            }
        };
        let oldest = match by_node {
            Some(_) => member.checkouts.oldest(),
            None => self.list.iter().filter_map(|member| member.checkouts.oldest()).min(),
        };
        let oldest = oldest.map_or_else(String::new, |since| {
            format!(", oldest checkout {} ms ago", now.saturating_sub(since))
        });
        let advice = match status {
            Status::PoolTimeout => "release connections sooner, wait longer or raise the limit",
            _ => "release connections, raise the limit or set pool_exhausted=block",
        };
        let node = member.stats();
        Error::new(
            status,
            format!(
                "no connection to {}: {which} ({option}) is reached; this node: {} in use, {} idle, \
                 {} dialing, {} waiting; all nodes: {} connections, {} waiting{oldest}; {advice}",
                member.address,
                node.in_use,
                node.idle,
                node.dialing,
                node.waiting,
                self.total,
                self.waiting,
            ),
        )
        .on_node(&member.address)
    }
}
