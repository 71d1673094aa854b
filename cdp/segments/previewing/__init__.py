"""What a segment's file would mean on what is published, before anything is built or sent."""
