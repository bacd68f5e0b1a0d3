//! The crate's behaviour over bytes: walker against generated messages, sessions against a fake gate.
#![cfg(test)]

#[path = "../support/gate.rs"]
mod gate;
#[path = "../support/generate.rs"]
mod generate;
#[path = "../support/samples.rs"]
mod samples;
#[path = "../support/tree.rs"]
mod tree;

mod alias;
mod corpus;
mod exchange;
mod leaks;
mod librdkafka;
mod login;
mod records;
mod walker;
