//! Password hashing on a bounded pool and password policy, for Portcullis.
