use std::collections::HashMap;
use std::sync::Arc;

use redis::cluster_routing::Slot;

use super::address::Address;
use super::shards::Shard;
use crate::link::dial::Dial;
use crate::link::node::Node;

/// Who has which slots.
#[derive(Clone, Default)]
pub(super) struct Map {
    slots: HashMap<Slot, Arc<Member>>,
    members: HashMap<Address, Arc<Member>>,
}

/// A node of the cluster, with a circuit of its own.
pub(super) struct Member {
    pub(super) address: Address,
    pub(super) node: Node,
}

impl Map {
    /// The map that these shards make. Nodes that were known before are the same ones.
    pub(super) fn of(shards: &[Shard], before: &Self, dial: &Dial) -> Self {
        let mut map = Self::default();
        for shard in shards {
            let member = match before.members.get(&shard.master) {
                Some(member) => Arc::clone(member),
                None => map.member(&shard.master, dial),
            };
            for slot in (shard.first..=shard.last).filter_map(Slot::new) {
                map.slots.insert(slot, Arc::clone(&member));
            }
            map.members.insert(shard.master.clone(), member);
        }
        map
    }

    pub(super) fn at(&self, slot: Slot) -> Option<Arc<Member>> {
        self.slots.get(&slot).cloned()
    }

    /// The node with this address, which is connected to if it is not known yet.
    pub(super) fn member(&mut self, address: &Address, dial: &Dial) -> Arc<Member> {
        let begin = || {
            Arc::new(Member {
                address: address.clone(),
                node: Node::begin(dial.to(address)),
            })
        };
        let member = self.members.entry(address.clone()).or_insert_with(begin);
        Arc::clone(member)
    }

    pub(super) fn known(&self, address: &Address) -> Option<Arc<Member>> {
        self.members.get(address).cloned()
    }

    /// All that are not away, beginning with any of them.
    pub(super) fn available(&self) -> Vec<Arc<Member>> {
        let is_available = |member: &&Arc<Member>| member.node.is_available();
        let mut members: Vec<_> = self
            .members
            .values()
            .filter(is_available)
            .cloned()
            .collect();
        let first = crate::link::pauses::any_of(members.len());
        members.rotate_left(first);
        members
    }

    pub(super) fn is_available(&self) -> bool {
        self.members
            .values()
            .any(|member| member.node.is_available())
    }

    /// Waits until each is connected to, or is away.
    pub(super) async fn settled(&self) {
        for member in self.members.values() {
            drop(member.node.settled().await);
        }
    }
}
