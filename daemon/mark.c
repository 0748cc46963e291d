#include "daemon/mark.h"

bool
mark_of(const char *path, struct mark *ret)
{
	struct stat st;

	*ret = (struct mark){ 0 };
	if (stat(path, &st) != 0)
		return false;
	*ret = (struct mark){ st.st_dev, st.st_ino, st.st_size, st.st_ctim };
	return true;
}

bool
mark_is_same(const struct mark *a, const struct mark *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
		a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}
