"""A running cell -> `Recording`. The only folder that imports TensorFlow and Keras; everything it hooks is put back."""
