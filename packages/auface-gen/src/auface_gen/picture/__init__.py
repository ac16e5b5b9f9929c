"""From vertices to a picture: people, skin, hair, light, camera."""
