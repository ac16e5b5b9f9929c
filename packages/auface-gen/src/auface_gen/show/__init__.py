"""What is made of many pictures: sheets of people by codings, and sequences over time."""
