#include "base/list.h"

#include <criterion/criterion.h>

struct item {
	int number;
	struct list node;
};

static int
pop_number(struct list *head)
{
	struct list *node = list_pop(head);

	return node ? LIST_ITEM(node, struct item, node)->number : -1;
}

Test(list, gives_back_in_the_order_of_appending)
{
	struct list head;
	struct item items[3] = { { .number = 1 }, { .number = 2 }, { .number = 3 } };

	list_init(&head);
	cr_expect(list_empty(&head));
	for (int i = 0; i < 3; i++)
		list_append(&head, &items[i].node);
	cr_expect_not(list_empty(&head));
	cr_expect_eq(pop_number(&head), 1);
	cr_expect_eq(pop_number(&head), 2);
	cr_expect_eq(pop_number(&head), 3);
	cr_expect_eq(pop_number(&head), -1);
	cr_expect(list_empty(&head));
}

Test(list, removes_from_the_middle)
{
	struct list head;
	struct item items[3] = { { .number = 1 }, { .number = 2 }, { .number = 3 } };

	list_init(&head);
	for (int i = 0; i < 3; i++)
		list_append(&head, &items[i].node);
	list_remove(&items[1].node);
	cr_expect_eq(pop_number(&head), 1);
	cr_expect_eq(pop_number(&head), 3);
}

Test(list, may_be_left_twice)
{
	struct list head;
	struct item item = { .number = 1 };

	list_init(&head);
	list_append(&head, &item.node);
	list_remove(&item.node);
	list_remove(&item.node);
	cr_expect(list_empty(&head));
	cr_expect(list_empty(&item.node));
	list_append(&head, &item.node);
	cr_expect_eq(pop_number(&head), 1);
}
