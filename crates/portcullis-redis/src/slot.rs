//! Which keys lie in one slot of a cluster.

/// What stands between the first brace and the next one that closes, if there is anything; or else the whole key.
pub(crate) fn tag(key: &str) -> &str {
    let inside = key
        .split_once('{')
        .and_then(|(_, rest)| rest.split_once('}'));
    match inside {
        Some((tag, _)) if !tag.is_empty() => tag,
        _ => key,
    }
}

/// Positions of requests by slot, in the order of their first.
pub(crate) fn slots<'a, T>(items: &'a [T], tag: impl Fn(&'a T) -> &'a str) -> Vec<Vec<usize>> {
    let mut slots: Vec<(&str, Vec<usize>)> = Vec::new();
    for (position, item) in items.iter().enumerate() {
        let tag = tag(item);
        match slots.iter_mut().find(|(other, _)| *other == tag) {
            Some((_, positions)) => positions.push(position),
            None => slots.push((tag, vec![position])),
        }
    }
    slots.into_iter().map(|(_, positions)| positions).collect()
}
