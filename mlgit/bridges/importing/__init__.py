"""What a source holds, brought into a store."""
