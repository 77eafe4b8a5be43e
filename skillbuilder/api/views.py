class NewestFirst:
    pass
