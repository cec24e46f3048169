"""What a push may change: pure rules, asked of the objects that it brought."""
