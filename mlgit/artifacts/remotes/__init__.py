"""Places that keep artifact bytes for a team: object stores, servers, folders."""
