//! Rate limits and lockout for Portcullis: layers, the limiter contract, and a bounded limiter in memory.
