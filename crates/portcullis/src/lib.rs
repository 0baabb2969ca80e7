//! Authentication and authorisation for any tower service.
