//! Every documented line of the two systems that Portcullis takes the place of, each with a test by its name. OAuth (system B) is not here
//! yet.

mod client;
mod system_a;
mod system_b;
