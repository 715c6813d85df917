"""The client of AppSync Events: signing, frames of the service, sockets that are kept alive, publishing."""
