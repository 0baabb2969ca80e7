//! Which node has which slots, as a node says it.

use redis::{Cmd, Value};

use super::address::Address;
use crate::answer::integer;

/// Some slots in a row, and their master.
#[derive(Debug)]
pub(super) struct Shard {
    pub(super) first: u16,
    pub(super) last: u16,
    pub(super) master: Address,
}

pub(super) fn question() -> Cmd {
    let mut command = redis::cmd("CLUSTER");
    command.arg("SLOTS");
    command
}

/// None if nobody has a slot.
pub(super) fn read(answer: &Value, teller: &str) -> Option<Vec<Shard>> {
    let Value::Array(rows) = answer else {
        return None;
    };
    let shards: Vec<_> = rows.iter().filter_map(|row| shard(row, teller)).collect();
    (!shards.is_empty()).then_some(shards)
}

/// First slot, last slot, the master, its replicas.
fn shard(row: &Value, teller: &str) -> Option<Shard> {
    let Value::Array(row) = row else {
        return None;
    };
    let [first, last, master, ..] = row.as_slice() else {
        return None;
    };
    Some(Shard {
        first: u16::try_from(integer(first)?).ok()?,
        last: u16::try_from(integer(last)?).ok()?,
        master: address(master, teller)?,
    })
}

/// Host and port, then what we do not need.
fn address(node: &Value, teller: &str) -> Option<Address> {
    let Value::Array(node) = node else {
        return None;
    };
    let [host, port, ..] = node.as_slice() else {
        return None;
    };
    let host = match host {
        Value::BulkString(host) => str::from_utf8(host).ok()?,
        Value::Nil => "",
        _ => return None,
    };
    Address::new(host, u16::try_from(integer(port)?).ok()?, teller)
}
