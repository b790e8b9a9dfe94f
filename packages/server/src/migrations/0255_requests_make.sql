-- requests make other things than documents, too: of what they made they keep the id
ALTER TABLE requests RENAME COLUMN document_id TO made;
