//! Connections against servers that behave as the test says.
#![allow(unsafe_code)]

mod deadlines;
mod dialing;
mod fake;
mod pipelines;
mod replies;
mod steps;
mod tls_steps;
