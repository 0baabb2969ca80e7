//! The account system of Portcullis: flows, their store contracts, and a mountable HTTP service.
