//! What tests of a Portcullis application need: a manual clock, faked identities, and conformance suites for stores and limiters.
