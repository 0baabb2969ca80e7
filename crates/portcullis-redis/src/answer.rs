//! What scripts answer.

use redis::Value;

use crate::failure::Failure;

/// A list of integers of this length.
pub(crate) fn integers(answer: &Value, length: usize) -> Result<Vec<i64>, Failure> {
    let Value::Array(values) = answer else {
        return Err(Failure::Nonsense("no list"));
    };
    let integers: Option<Vec<i64>> = values.iter().map(integer).collect();
    integers
        .filter(|integers| integers.len() == length)
        .ok_or(Failure::Nonsense("not the numbers that were asked for"))
}

/// Three integers: of the most frequent answer no list is made.
pub(crate) fn three(answer: &Value) -> Result<[i64; 3], Failure> {
    match answer {
        Value::Array(values) => match values[..] {
            [Value::Int(first), Value::Int(second), Value::Int(third)] => {
                Ok([first, second, third])
            }
            _ => Err(Failure::Nonsense("not the numbers that were asked for")),
        },
        _ => Err(Failure::Nonsense("no list")),
    }
}

pub(crate) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        _ => None,
    }
}

/// What a script must not answer below zero.
pub(crate) fn unsigned(number: i64) -> Result<u64, Failure> {
    u64::try_from(number).map_err(|_| Failure::Nonsense("a number below zero"))
}

pub(crate) fn small(number: i64) -> Result<u32, Failure> {
    u32::try_from(number).map_err(|_| Failure::Nonsense("a number out of range"))
}
