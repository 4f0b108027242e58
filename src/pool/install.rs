//! A new map becomes the present one, in one step under the pool's lock.

use std::sync::Arc;

use super::outbox::Outbox;
use super::pool::Core;
use super::routes::Routes;
use super::waiters::Gift;
use crate::node::{NodeAddress, Role};
use crate::os::clock::coarse_millis;
use crate::topology::{Health, SlotMap};

/// Where a new map comes from.
#[derive(Clone, Copy)]
pub(super) enum Origin<'a> {
    /// A node has just told all of it.
    View,
    /// The present map, corrected; by a redirect of this node's, or by what is known otherwise.
    Correction(Option<&'a NodeAddress>),
}

impl Core {
    /// Makes a new map the present one, if that is still of this version, and tells whether it was: admits its
    /// nodes, and lets those that are not in it leave. A correction tells nothing new of how nodes feel.
    pub(super) fn install_in_place_of(
        self: &Arc<Self>,
        version: u64,
        map: Arc<SlotMap>,
        origin: Origin<'_>,
    ) -> bool {
        let is_view = matches!(origin, Origin::View);
        let zones = Routes::zones_of(&map, &self.options);
        let mut outbox = Outbox::default();
        let mut members = self.members.lock();
        if members.routes.map.version() != version {
            return false;
        }
        let now = coarse_millis();
        let mut is_retired = false;
        let primaries = members.routes.owners();
        for member in &mut members.list {
            member.known = false;
        }
        let mut keys = Vec::with_capacity(map.nodes().len());
        for node in map.nodes() {
            let index = members.admit(&node.address);
            let member = &mut members.list[index];
            // Where two nodes of a map have one address (translated so, or one that is gone), the first
            // counts: primaries stand before replicas.
            if std::mem::replace(&mut member.known, true) {
                keys.push(members.key(index));
                continue;
            }
            let readonly = node.role == Role::Replica;
            let was = std::mem::replace(&mut member.readonly, readonly);
            member.hostname.clone_from(&node.hostname);
            if was != readonly {
                (member.rests_until, member.suspect_until) = (0, 0);
                // Dialled for the other role: without READONLY a replica answers MOVED.
                is_retired = true;
                members.retire(index, &mut outbox);
            }
            if is_view && node.health != Health::Online {
                members.rest(index, now);
            }
            keys.push(members.key(index));
        }
        for index in 0..members.list.len() {
            if !members.list[index].known {
                is_retired = true;
                members.dismiss(index, || Gift::NodeLeft, &mut outbox);
                members.retire(index, &mut outbox);
                members.list[index].suspect_until = 0;
                members.tidy(index);
            }
        }
        let by = match origin {
            Origin::View => None,
            Origin::Correction(by) => by,
        };
        members.demote(&primaries, by, &mut outbox);
        members.settle(self, &mut outbox);
        let shards = map.shard_count();
        let routes = {
            let told_near = |key| members.told_near(key);
            Routes::new(map, keys.into(), zones, self.options.read_from, told_near)
        };
        members.turn_for(shards);
        let old = std::mem::replace(&mut members.routes, Arc::new(routes));
        drop(members);
        drop(old);
        self.changes.announce();
        outbox.deliver();
        if is_retired {
            self.call_back();
        }
        true
    }
}
