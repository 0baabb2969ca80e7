//! An enemy with a pen: AC-J1, AC-J2, AC-J5, ASVS v5.0.0-9.1.1, 9.1.2, 9.1.3.

#[path = "../support/mod.rs"]
mod support;

mod algorithms;
mod forms;
mod keys;
mod signatures;
