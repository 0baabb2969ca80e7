//! The rules of the house, held over `cargo metadata` and the tree of files.

mod criteria;
mod floors;
mod house;
mod security;
mod sources;
