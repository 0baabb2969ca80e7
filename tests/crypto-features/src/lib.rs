//! A graph in which another crate has turned on both of jsonwebtoken's crypto features; see the test.
